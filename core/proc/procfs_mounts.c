/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/procfs_mounts.c - /proc/PID/mounts and mountinfo (proc(5)).
 *
 * Only what the running thread's root reaches is shown.
 */
#include "core/base/string.h"
#include "core/dev/chardev.h"
#include "core/id/nsset.h"
#include "core/proc/process.h"
#include "core/proc/procfs.h"

enum { OPTIONS_SIZE = 256 };

/* Blanks and backslashes of a path would end a field. */
static void add_escaped(struct text *text, const char *from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = from[i];

        if (c == ' ' || c == '\t' || c == '\n' || c == '\\')
            text_add(text, "\\%03o", (unsigned)(uint8_t)c);
        else
            text_add_bytes(text, &c, 1);
    }
}

static void add_flags(struct text *text, const struct mount *mount)
{
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {
        {MOUNT_NO_SUID, ",nosuid"},          {MOUNT_NO_DEV, ",nodev"},
        {MOUNT_NO_EXEC, ",noexec"},          {MOUNT_NO_ATIME, ",noatime"},
        {MOUNT_NO_DIR_ATIME, ",nodiratime"}, {MOUNT_RELATIME, ",relatime"},
    };
    unsigned flags = mount_flags(mount);

    text_add(text, (flags & MOUNT_READ_ONLY) != 0 ? "ro" : "rw");
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if ((flags & names[i].flag) != 0)
            text_add(text, "%s", names[i].name);
}

static void add_super_options(struct text *text, const struct mount *mount)
{
    struct super *super = mount->super;
    char options[OPTIONS_SIZE];

    if (super->ops->show != NULL)
        text_add_bytes(text, options,
                       super->ops->show(super, options, sizeof(options)));
}

/* The mount point as the running thread sees it: false if it cannot. */
static bool point_of(struct mount *mount, const struct path *root,
                     struct text *out)
{
    struct path path = {mount, mount->root};
    char *buffer = path_buffer();
    const char *from;
    ssize_t size = -1;

    if (buffer != NULL)
        size = path_text(&path, root, buffer, LX_PATH_MAX, &from);
    if (size > 0 && from[0] == '/')
        add_escaped(out, from, (size_t)size);
    path_buffer_free(buffer);
    return size > 0 && out->size > 0;
}

static void add_mount(struct text *text, struct mount *mount,
                      const struct text *point)
{
    add_escaped(text, mount->source, mount->source_size - 1);
    text_add(text, " ");
    text_add_bytes(text, point->bytes, point->size);
    text_add(text, " %s ", mount->super->type->name);
    add_flags(text, mount);
    add_super_options(text, mount);
    text_add(text, " 0 0\n");
}

static void add_info(struct text *text, struct mount *mount,
                     const struct text *point)
{
    uint64_t device = mount->super->device;

    text_add(text, "%d %d %u:%u / ", mount->number, mount->parent->number,
             chardev_major(device), chardev_minor(device));
    text_add_bytes(text, point->bytes, point->size);
    text_add(text, " ");
    add_flags(text, mount);
    text_add(text, " - %s ", mount->super->type->name);
    add_escaped(text, mount->source, mount->source_size - 1);
    text_add(text, mount->super->is_read_only ? " ro" : " rw");
    add_super_options(text, mount);
    text_add(text, "\n");
}

static int show_all(struct text *text,
                    void (*add)(struct text *, struct mount *,
                                const struct text *)) NO_TSA
{
    struct mount_ns *ns = task_current()->ns->mounts;
    struct path root;

    context_root(task_current()->fs, &root);
    mutex_lock(&ns->lock);
    list_for_each(link, &ns->mounts)
    {
        struct mount *mount = list_entry(link, struct mount, of_ns);
        struct text point = {0};

        if (point_of(mount, &root, &point))
            add(text, mount, &point);
        text_free(&point);
    }
    mutex_unlock(&ns->lock);
    path_put(&root);
    return 0;
}

int procfs_show_mounts(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    return show_all(text, add_mount);
}

int procfs_show_mountinfo(struct pseudo_inode *inode, struct text *text)
{
    (void)inode;
    return show_all(text, add_info);
}
