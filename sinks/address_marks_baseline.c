/* Where addresses may be, for processors with nothing special.
 *
 * Threads: pure function. */
#define MARKS_NAME address_marks_baseline
#include "sinks/address_marks_kernel.h"
