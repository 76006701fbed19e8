/* Where addresses may be, with vectors of 64 bytes.
 *
 * Threads: pure function. */
#define MARKS_NAME address_marks_avx512
#include "sinks/address_marks_kernel.h"
