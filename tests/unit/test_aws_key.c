/* S3 object keys: AWS's own examples, real keys, and names that only look like them.
 *
 * Every key is read from memory that ends at an unreadable page, and parsed at every length.
 *
 * Threads: one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ingest/aws_key.h"
#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void assert_text(struct slice got, const char *expected) {
    char text[512];
    snprintf(text, sizeof text, "%.*s", (int)got.len, got.len == 0 ? "" : got.ptr);
    assert_string_equal(text, expected);
}

static void assert_node(const struct ip_parsed *node, const char *expected) {
    if (expected[0] == '\0') {
        assert_int_equal(node->family, IP_NONE);
        return;
    }
    struct ip_parsed address;
    assert_true(ip_parse(slice_from(expected), &address));
    assert_memory_equal(node->ip.bytes, address.ip.bytes, sizeof address.ip.bytes);
    assert_int_equal(node->family, address.family);
    assert_int_equal(node->v4_mapped, address.v4_mapped);
}

#define E2 "123456789012_elasticloadbalancing_us-east-2_"
#define ELB "AWSLogs/123456789012/elasticloadbalancing/us-east-2/2022/05/01/"
#define ALB_TAIL "app.my-loadbalancer.1234567890abcdef_20220215T2340Z_172.160.001.192_20sg8hgm.log"
#define ALB "app/my-loadbalancer/1234567890abcdef"
#define GA "123456789012_globalaccelerator_1234abcd-abcd-1234-abcd-1234abcdefgh_20181123T0005Z_1fb1234.log"
#define VPC "123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log"
#define CF "EMLARXS9EXAMPLE.2019-11-14-20.RT4KCN4SGK9"

static const struct {
    const char *path, *object_name, *format, *account, *region, *balancer, *node;
} known[] = {
    /* as AWS documents them, and as they were seen */
    {"prefix/" ELB E2 ALB_TAIL ".gz", E2 ALB_TAIL, "alb_access", "123456789012", "us-east-2", ALB, "172.160.1.192"},
    {"AWSLogs/627959692251/elasticloadbalancing/us-east-1/2019/10/15/627959692251_elasticloadbalancing_us-east-1_"
     "app.andrewvc-elbv2-test.8e858b04373118d3_20191015T1405Z_3.224.132.43_39xza92o.log.gz",
     "627959692251_elasticloadbalancing_us-east-1_app.andrewvc-elbv2-test.8e858b04373118d3_20191015T1405Z_"
     "3.224.132.43_39xza92o.log",
     "alb_access", "627959692251", "us-east-1", "app/andrewvc-elbv2-test/8e858b04373118d3", "3.224.132.43"},
    {"AWSLogs/122796619775/elasticloadbalancing/us-east-1/2023/02/07/122796619775_elasticloadbalancing_us-east-1_"
     "app.azul-gitlab-alb.c051f98624e68d7e_20230207T0135Z_172.71.1.176_jm0mfogh.log.gz",
     "122796619775_elasticloadbalancing_us-east-1_app.azul-gitlab-alb.c051f98624e68d7e_20230207T0135Z_172.71.1.176_"
     "jm0mfogh.log",
     "alb_access", "122796619775", "us-east-1", "app/azul-gitlab-alb/c051f98624e68d7e", "172.71.1.176"},
    {"logging-prefix/" ELB "conn_log_" E2 ALB_TAIL ".gz", "conn_log_" E2 ALB_TAIL, "alb_connection", "123456789012",
     "us-east-2", ALB, "172.160.1.192"},
    {ELB "conn_log." E2 ALB_TAIL ".gz", "conn_log." E2 ALB_TAIL, "alb_connection", "123456789012", "us-east-2", ALB,
     "172.160.1.192"},
    {"logging-prefix/" ELB "health_check_log_" E2 ALB_TAIL ".gz", "health_check_log_" E2 ALB_TAIL, "alb_health_check",
     "123456789012", "us-east-2", ALB, "172.160.1.192"},
    {"prefix/" ELB E2 "net.my-loadbalancer.1234567890abcdef_20200501T0000Z_20sg8hgm.log.gz",
     E2 "net.my-loadbalancer.1234567890abcdef_20200501T0000Z_20sg8hgm.log", "nlb_access", "123456789012", "us-east-2",
     "net/my-loadbalancer/1234567890abcdef", ""},
    {"NLB/AWSLogs/166157441623/elasticloadbalancing/us-west-1/2020/11/12/166157441623_elasticloadbalancing_us-west-1_"
     "net.fram-dev-N-Wazuh.9d0fcf192ea215c3_20201112T1800Z_2989bd16.log.gz",
     "166157441623_elasticloadbalancing_us-west-1_net.fram-dev-N-Wazuh.9d0fcf192ea215c3_20201112T1800Z_2989bd16.log",
     "nlb_access", "166157441623", "us-west-1", "net/fram-dev-N-Wazuh/9d0fcf192ea215c3", ""},
    {"my-app/AWSLogs/123456789012/elasticloadbalancing/us-west-2/2014/02/15/"
     "123456789012_elasticloadbalancing_us-west-2_"
     "my-loadbalancer_20140215T2340Z_172.160.001.192_20sg8hgm.log",
     "123456789012_elasticloadbalancing_us-west-2_my-loadbalancer_20140215T2340Z_172.160.001.192_20sg8hgm.log",
     "clb_access", "123456789012", "us-west-2", "my-loadbalancer", "172.160.1.192"},
    {"AWSLogs/054713022081/elasticloadbalancing/us-east-1/2020/10/05/054713022081_elasticloadbalancing_us-east-1_"
     "a0b2c6790a64b11eaa5a30e9585490a4_20201005T1040Z_3.209.47.101_2k3ja3me.log",
     "054713022081_elasticloadbalancing_us-east-1_a0b2c6790a64b11eaa5a30e9585490a4_20201005T1040Z_3.209.47.101_"
     "2k3ja3me.log",
     "clb_access", "054713022081", "us-east-1", "a0b2c6790a64b11eaa5a30e9585490a4", "3.209.47.101"},
    {"AWSLogs/123456789012/ELBAccessLogTestFile", "", "elb_test", "123456789012", "", "", ""},
    {"prefix1/AWSLogs/123456789012/globalaccelerator/us-west-2/2018/11/23/" GA ".gz", GA, "ga_flow", "123456789012",
     "us-west-2", "", ""},
    {"/AWSLogs/123456789012/globalaccelerator/us-west-2/2018/11/23/" GA ".gz", GA, "ga_flow", "123456789012",
     "us-west-2", "", ""},
    {"AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/" VPC ".gz", VPC, "vpc_flow", "123456789012", "us-east-1",
     "", ""},
    {"AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2018/month=06/day=20/"
     "hour=16/" VPC ".gz",
     VPC, "vpc_flow", "123456789012", "us-east-1", "", ""},
    {"example-prefix/" CF ".gz", CF, "cloudfront", "", "", "", ""},
    {"AWSLogs/123456789012/CloudFront/" CF ".gz", CF, "cloudfront", "123456789012", "", "", ""},
    {"AWSLogs/12345678910/WAFLogs/cloudfront/cloudfronyt/2022/08/08/17/55/"
     "12345678910_waflogs_cloudfront_cloudfronyt_20220808T1755Z_e0ca43b5.log.gz",
     "12345678910_waflogs_cloudfront_cloudfronyt_20220808T1755Z_e0ca43b5.log", "waf", "12345678910", "", "", ""},

    /* the same objects elsewhere: folders cut off, unpacked, packed anew */
    {E2 ALB_TAIL ".gz", E2 ALB_TAIL, "alb_access", "123456789012", "us-east-2", ALB, "172.160.1.192"},
    {"./x/" E2 ALB_TAIL, E2 ALB_TAIL, "alb_access", "123456789012", "us-east-2", ALB, "172.160.1.192"},
    {E2 ALB_TAIL ".zst", E2 ALB_TAIL, "alb_access", "123456789012", "us-east-2", ALB, "172.160.1.192"},
    {GA, GA, "ga_flow", "123456789012", "", "", ""},
    {CF, CF, "cloudfront", "", "", "", ""},
    {"ELBAccessLogTestFile", "", "elb_test", "", "", "", ""},
    {"AWSLogs/1/ELBConnectionLogTestFile", "", "elb_test", "1", "", "", ""},

    /* odd, but AWS's */
    {E2 "my-clb_20140215T2340Z_010.000.000.008_x.log", E2 "my-clb_20140215T2340Z_010.000.000.008_x.log", "clb_access",
     "123456789012", "us-east-2", "my-clb", "10.0.0.8"},
    {E2 "my-clb_20140215T2340Z_2001:db8::1_x.log", E2 "my-clb_20140215T2340Z_2001:db8::1_x.log", "clb_access",
     "123456789012", "us-east-2", "my-clb", "2001:db8::1"},
    {E2 "my-clb_20140215T2340Z_10.0.0.256_x.log", E2 "my-clb_20140215T2340Z_10.0.0.256_x.log", "clb_access",
     "123456789012", "us-east-2", "my-clb", ""},
    {E2 "my-clb_20140215T2340Z_10.0.0_x.log", E2 "my-clb_20140215T2340Z_10.0.0_x.log", "clb_access", "123456789012",
     "us-east-2", "my-clb", ""},
    {E2 "my-clb_20140215T2340Z_10.0.0.0001_x.log", E2 "my-clb_20140215T2340Z_10.0.0.0001_x.log", "clb_access",
     "123456789012", "us-east-2", "my-clb", ""},
    {E2 "gwy.x.1234567890abcdef_20220215T2340Z_x.log", E2 "gwy.x.1234567890abcdef_20220215T2340Z_x.log", "",
     "123456789012", "us-east-2", "gwy/x/1234567890abcdef", ""},
    {"1_waflogs_eu-west-1_my_acl_v2_20220808T1755Z_e0ca43b5.log.gz",
     "1_waflogs_eu-west-1_my_acl_v2_20220808T1755Z_e0ca43b5.log", "waf", "1", "eu-west-1", "", ""},
    {"AWSLogs/999999999999/AWSLogs/111111111111/globalaccelerator/cloudfront/" GA, GA, "ga_flow", "123456789012", "",
     "", ""},
    {"AWSLogs/x/AWSLogs/111111111111/" CF, CF, "cloudfront", "111111111111", "", "", ""},
};

static void reads_every_kind_of_key(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        print_message("  %s\n", known[i].path);
        struct slice path = guard_copy(slice_from(known[i].path));
        struct aws_key key;
        assert_true(aws_key_parse(path, &key));
        assert_text(key.object_name, known[i].object_name);
        assert_text(key.format, known[i].format);
        assert_text(key.account, known[i].account);
        assert_text(key.region, known[i].region);
        assert_string_equal(key.balancer, known[i].balancer);
        assert_node(&key.node, known[i].node);
    }
}

#define W32 "abcdefghijklmnopqrstuvwxyz012345"

static void refuses_what_is_no_key(void **state) {
    (void)state;
    static const char *const paths[] = {
        "",
        "/",
        ".gz",
        "access.log",
        "access.log.gz",
        ELB,
        "_",
        "____________",
        "_elasticloadbalancing_us-east-2_my-clb_20140215T2340Z_10.0.0.1_x.log",
        "x_elasticloadbalancing_us-east-2_my-clb_20140215T2340Z_10.0.0.1_x.log",
        "123456789012345678901_elasticloadbalancing_us-east-2_my-clb_20140215T2340Z_10.0.0.1_x.log",
        "123456789012_elasticloadbalancing_useast_my-clb_20140215T2340Z_10.0.0.1_x.log",
        "123456789012_elasticloadbalancing__my-clb_20140215T2340Z_10.0.0.1_x.log",
        "123456789012_s3_us-east-2_my-clb_20140215T2340Z_10.0.0.1_x.log",
        E2 ALB_TAIL ".1",
        E2 ALB_TAIL ".bz2",
        E2 "my-clb_20140215T2340Z_10.0.0.1_x",
        E2 "my-clb_20140215T2340Z_10.0.0.1_.log",
        E2 "my-clb_20140215T2340_10.0.0.1_x.log",
        E2 "my-clb_2014-02-15T23:40Z_10.0.0.1_x.log",
        E2 "my-clb_20140215T2340Z.log",
        E2 "_20140215T2340Z_10.0.0.1_x.log",
        E2 "my_clb_20140215T2340Z_10.0.0.1_x.log",
        E2 "my clb_20140215T2340Z_10.0.0.1_x.log",
        E2 "app.x_20140215T2340Z_10.0.0.1_x.log",
        E2 "app..1_20140215T2340Z_10.0.0.1_x.log",
        E2 "app.x._20140215T2340Z_10.0.0.1_x.log",
        E2 "app.x.1.2_20140215T2340Z_10.0.0.1_x.log",
        E2 "foo.x.1_20140215T2340Z_10.0.0.1_x.log",
        E2 W32 W32 "_20140215T2340Z_10.0.0.1_x.log",
        "conn_log_" E2 "net.x.1_20140215T2340Z_x.log",
        "conn_log_" E2 "my-clb_20140215T2340Z_10.0.0.1_x.log",
        "conn_log_" GA,
        "health_check_log_" VPC,
        "conn_logs_" E2 ALB_TAIL,
        "123456789012_vpcflowlogs_useast_fl-1234abcd_20180620T1620Z_fe123456.log",
        "123456789012_vpcflowlogs_us-east-1__20180620T1620Z_fe123456.log",
        "123456789012_vpcflowlogs_us-east-1_20180620T1620Z_fe123456.log",
        "123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.parquet",
        "APP.2019-11-14-20.log",
        "access.2019-11-14-20.RT4KCN4SGK9.gz",
        "EMLARXS9EXAMPLe.2019-11-14-20.RT4KCN4SGK9.gz",
        "EMLARXS9EXAMPLE.2019-11-14.RT4KCN4SGK9.gz",
        "EMLARXS9EXAMPLE.2019-11-14-20.gz",
        "EMLARXS9EXAMPLE.2019-11-14-20.RT4K.CN4SGK9.gz",
        "XMLARXS9EXAMPLE.2019-11-14-20.RT4KCN4SGK9.gz",
        "myLogTestFile",
        "ELBAccessLogTestFile.txt",
    };
    static const struct aws_key empty;
    for (size_t i = 0; i < COUNT(paths); i++) {
        print_message("  %s\n", paths[i]);
        struct aws_key key;
        memset(&key, 0x55, sizeof key);
        assert_false(aws_key_parse(guard_copy(slice_from(paths[i])), &key));
        assert_int_equal(key.object_name.len + key.format.len + key.account.len + key.region.len, 0);
        assert_string_equal(key.balancer, empty.balancer);
        assert_int_equal(key.node.family, IP_NONE);
    }
}

/* Also what holds a NUL or is not text at all. */
static void survives_every_cut_and_byte(void **state) {
    (void)state;
    size_t refused = 0, taken = 0;
    for (size_t i = 0; i < COUNT(known); i++) {
        char text[512];
        size_t length = strlen(known[i].path);
        memcpy(text, known[i].path, length);
        for (size_t cut = 0; cut <= length; cut++) {
            struct aws_key key;
            bool is_key = aws_key_parse(guard_copy((struct slice){text, cut}), &key);
            assert_true(cut != length || is_key);
            assert_true(!is_key || key.object_name.len > 0 || slice_equal(key.format, SLICE("elb_test")));
        }
        for (size_t at = 0; at < length; at++) {
            static const char bytes[] = {'\0', '\n', '/', '_', '.', '9', '\xff'};
            for (size_t b = 0; b < sizeof bytes; b++) {
                text[at] = bytes[b];
                struct aws_key key;
                bool is_key = aws_key_parse(guard_copy((struct slice){text, length}), &key);
                *(is_key ? &taken : &refused) += 1;
                for (size_t n = 0; n < key.object_name.len; n++) {
                    assert_true(key.object_name.ptr[n] > ' ' && key.object_name.ptr[n] < 0x7f);
                }
                text[at] = known[i].path[at];
            }
        }
    }
    assert_true(refused > 1000 && taken > 1000);
}

static void takes_compression_endings_off(void **state) {
    (void)state;
    static const struct {
        const char *name, *expected;
    } cases[] = {
        {"a.log", "a.log"}, {"a.log.gz", "a.log"}, {"a.log.zst", "a.log"}, {"a.gz.zst.gz", "a"},
        {"a.GZ", "a.GZ"},   {".gz", ".gz"},        {"d/.zst", "d/.zst"},   {"a.gz/b", "a.gz/b"},
        {"", ""},           {"gz", "gz"},          {"d/a.gz", "d/a"},      {".gz.gz", ".gz"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_text(aws_key_without_compression(guard_copy(slice_from(cases[i].name))), cases[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind_of_key),
        cmocka_unit_test(refuses_what_is_no_key),
        cmocka_unit_test(survives_every_cut_and_byte),
        cmocka_unit_test(takes_compression_endings_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
