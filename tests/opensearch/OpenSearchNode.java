// One OpenSearch node, made of what is on the class path: java -cp 'lib/*' OpenSearchNode.java HOME
// HOME/config holds opensearch.yml and log4j2.properties.
//
// The distribution's own main class wants its modules unpacked in folders, which no Maven repository has, and does not run as root.
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;

final class OpenSearchNode extends Node {
    private static final List<Class<? extends Plugin>> MODULES = List.of(
        org.opensearch.transport.Netty4Plugin.class,
        org.opensearch.geo.GeoModulePlugin.class,
        org.opensearch.index.mapper.MapperExtrasPlugin.class,
        org.opensearch.search.aggregations.matrix.MatrixAggregationPlugin.class,
        org.opensearch.analysis.common.CommonAnalysisPlugin.class,
        org.opensearch.ingest.common.IngestCommonPlugin.class,
        org.opensearch.painless.PainlessPlugin.class,
        org.opensearch.index.reindex.ReindexPlugin.class);

    private OpenSearchNode(Environment environment) {
        super(environment, MODULES, true);
    }

    public static void main(String[] arguments) throws Exception {
        // a thread that is out of memory or misses a class would otherwise end alone, and its request never be answered
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> {
            System.err.println("uncaught in " + thread.getName());
            thrown.printStackTrace();
            if (thrown instanceof Error) {
                Runtime.getRuntime().halt(1);
            }
        });
        Path home = Path.of(arguments[0]).toAbsolutePath();
        Settings settings = Settings.builder().put("path.home", home).build();
        LogConfigurator.registerErrorListener();
        Environment environment = InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), home.resolve("config"), () -> "test");
        LogConfigurator.setNodeName("test");
        LogConfigurator.configure(environment);

        OpenSearchNode node = new OpenSearchNode(environment);
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
                node.awaitClose(20, TimeUnit.SECONDS);
            } catch (Exception thrown) {
                thrown.printStackTrace();
            }
            closed.countDown();
        }));
        node.start();
        closed.await();
    }
}
