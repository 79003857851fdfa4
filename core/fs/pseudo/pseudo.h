/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/pseudo/pseudo.h - file systems whose files are made when they are
 * looked at: proc(5), sysfs(5).
 *
 * A directory is a table of entries, and what goes with it: entries that were
 * registered, and names that come and go (processes). An entry says what its
 * file is and shows. A file's text is made when it is read from its beginning,
 * and stays for who reads on.
 *
 * subject is what the entries below a directory are about (a process), of the
 * kind that its maker knows; it is counted by the kind's own hold and drop.
 */
#ifndef CORE_FS_PSEUDO_PSEUDO_H
#define CORE_FS_PSEUDO_PSEUDO_H

#include "core/fs/path.h"
#include "core/fs/pseudo/text.h"

struct pseudo_entry;
struct pseudo_inode;

/* Names that come and go in a directory. */
struct pseudo_names {
    /* Makes the inode of name by pseudo_make(): 0, -ENOENT, -ENOMEM. */
    int (*lookup)(struct pseudo_inode *dir, const struct name *name,
                  struct inode **out);
    /* The first name at or after *position, which becomes its own (from 0 on);
     * text is PSEUDO_NAME_MAX bytes. False: there is none. May sleep. */
    bool (*next)(struct pseudo_inode *dir, uint64_t *position, char *text,
                 uint32_t *type);
};

enum { PSEUDO_NAME_MAX = 24 };

struct pseudo_dir {
    const struct pseudo_entry *entries;
    size_t count;
    const struct pseudo_names *names; /* NULL: none */
    struct list *registered;          /* of struct pseudo_registration */
};

/* One file. Functions may be NULL where they make no sense, and sleep. */
struct pseudo_entry {
    const char *name;
    uint32_t mode; /* LX_S_IF* and permissions */
    /* A regular file's text: 0 or -errno (-ESRCH: the subject is gone). */
    int (*show)(struct pseudo_inode *inode, struct text *text);
    /* Takes what was written, whole: 0 or -errno. */
    int (*store)(struct pseudo_inode *inode, const char *bytes, size_t size);
    /* A link: as in struct inode_ops. */
    ssize_t (*read_target)(struct pseudo_inode *inode, char *to, size_t size);
    int (*jump)(struct pseudo_inode *inode, const struct cred *cred,
                struct path *out);
    /* Instead of show and store: makes the open file. */
    int (*open)(struct pseudo_inode *inode, unsigned flags, struct file **out);
    const struct pseudo_dir *dir; /* of a directory */
};

/* An entry of a directory whose table is open. The registrar's memory. */
struct pseudo_registration {
    struct pseudo_entry entry;
    struct list link;
};

/* How subjects are counted, and whose the files about them are. */
struct pseudo_subject_ops {
    void (*hold)(void *subject);
    void (*drop)(void *subject);
    void (*owner)(void *subject, lx_uid_t *uid, lx_gid_t *gid);
};

struct pseudo_inode {
    struct inode inode; /* first */
    const struct pseudo_entry *entry;
    const struct pseudo_subject_ops *subject_ops; /* NULL: no subject */
    void *subject;
    uint64_t number; /* of a name that comes and goes; its maker's */
};

C_DECLS_BEGIN

/* Once, after the caches. */
void pseudo_init_all(void);

/* A file system of that root, with one reference: 0 or -ENOMEM. */
MUST_USE int pseudo_create(const struct fs_type *type, uint32_t magic,
                           const struct pseudo_entry *root, struct super **out);

/* The inode of entry in dir, about dir's subject or (ops not NULL) another,
 * which it holds: 0 or -ENOMEM. */
MUST_USE int pseudo_make(struct pseudo_inode *dir,
                         const struct pseudo_entry *entry,
                         const struct pseudo_subject_ops *ops, void *subject,
                         struct inode **out);

/* Adds an entry to a directory for good. At boot. */
void pseudo_register(struct list *directory,
                     struct pseudo_registration *registration);

static inline struct pseudo_inode *pseudo_of(struct inode *inode)
{
    return container_of(inode, struct pseudo_inode, inode);
}

/* A decimal number that is all of name and at most max: false if it is none. */
bool pseudo_number(const struct name *name, uint64_t max, uint64_t *out);

/* The open file of a regular pseudo file. pseudo_file.c. */
MUST_USE int pseudo_open(struct inode *inode, unsigned flags,
                         struct file **out);

C_DECLS_END

#endif /* CORE_FS_PSEUDO_PSEUDO_H */
