/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/xattr.h - extended attributes: setxattr(2), xattr(7).
 */
#ifndef CORE_ABI_XATTR_H
#define CORE_ABI_XATTR_H

#define LX_XATTR_CREATE   1u
#define LX_XATTR_REPLACE  2u

#define LX_XATTR_NAME_MAX 255   /* bytes without a NUL */
#define LX_XATTR_SIZE_MAX 65536 /* of a value */

#endif /* CORE_ABI_XATTR_H */
