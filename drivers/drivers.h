/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/drivers.h - the devices of the machine.
 */
#ifndef DRIVERS_DRIVERS_H
#define DRIVERS_DRIVERS_H

#include "core/base/defs.h"

C_DECLS_BEGIN

/* Opens every device of hal/bus.h that has a driver: consoles become backends
 * of core/dev/console_stream.h, entropy devices feed the random pool. What
 * cannot be opened is left out, and the log says why. Once, at boot, in a
 * thread, before the console starts. */
void drivers_start(void);

C_DECLS_END

#endif /* DRIVERS_DRIVERS_H */
