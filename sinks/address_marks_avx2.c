/* Where addresses may be, with vectors of 32 bytes.
 *
 * Threads: pure function. */
#define MARKS_NAME address_marks_avx2
#include "sinks/address_marks_kernel.h"
