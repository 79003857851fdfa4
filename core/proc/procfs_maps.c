/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/procfs_maps.c - /proc/PID/maps (proc(5)).
 */
#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/dev/chardev.h"
#include "core/id/nsset.h"
#include "core/proc/files.h"
#include "core/proc/process.h"
#include "core/proc/procfs.h"
#include "core/vm/look.h"

enum { NAME_COLUMN = 73 };

/* The inode whose pages an object gives, or NULL. */
static struct inode *inode_of(const struct aspace_region *region)
{
    struct vm_object *object = region->object;

    return object != NULL && object->ops->release == inode_release_object
               ? container_of(object, struct inode, object)
               : NULL;
}

/* A mount of the running thread's that shows super, with a reference. */
static struct mount *find_mount(const struct super *super) NO_TSA
{
    struct mount_ns *ns = task_current()->ns->mounts;
    struct mount *found = NULL;

    mutex_lock(&ns->lock);
    list_for_each(link, &ns->mounts)
    {
        struct mount *mount = list_entry(link, struct mount, of_ns);

        if (mount->super == super && found == NULL) {
            mount_get(mount);
            found = mount;
        }
    }
    mutex_unlock(&ns->lock);
    return found;
}

static void add_file(struct text *text, struct inode *inode)
{
    struct path path = {find_mount(inode->super), dentry_alias(inode)};

    if (path.dentry != NULL && path.mount != NULL)
        procfs_add_path(text, &path);
    else if (path.dentry != NULL) /* it is nowhere: memfd_create(2) */
        text_add_bytes(text, path.dentry->name->text, path.dentry->name->size);
    dentry_put(path.dentry);
    if (path.mount != NULL)
        mount_put(path.mount);
}

static void add_region(struct text *text, const struct aspace_region *region,
                       uaddr_t stack)
{
    struct inode *inode = inode_of(region);
    uint64_t device = inode != NULL ? inode->super->device : 0;
    size_t start = text->size;
    bool is_stack = region->start <= stack && stack < region->end;

    text_add(text, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ",
             (unsigned long long)region->start, (unsigned long long)region->end,
             (region->prot & LX_PROT_READ) != 0 ? 'r' : '-',
             (region->prot & LX_PROT_WRITE) != 0 ? 'w' : '-',
             (region->prot & LX_PROT_EXEC) != 0 ? 'x' : '-',
             region->is_shared ? 's' : 'p',
             (unsigned long long)(inode != NULL ? region->offset : 0),
             chardev_major(device), chardev_minor(device),
             (unsigned long long)(inode != NULL ? inode->number : 0));
    if (inode != NULL || region->is_heap || is_stack)
        while (text->size - start < NAME_COLUMN && !text->has_failed)
            text_add_bytes(text, " ", 1);
    if (inode != NULL)
        add_file(text, inode);
    else if (region->is_heap)
        text_add(text, "[heap]");
    else if (is_stack)
        text_add(text, "[stack]");
    text_add(text, "\n");
}

static int show_regions(struct process *process, struct text *text)
{
    struct exec_places places;
    struct aspace_region region = {.end = 0};
    struct aspace *as;
    int error = procfs_may_look(process);

    if (error != 0)
        return error;
    as = process_aspace(process, &places);
    if (as == NULL)
        return 0;
    while (aspace_next_region(as, region.end, &region)) {
        add_region(text, &region, places.rsp);
        if (region.object != NULL)
            vm_object_put(region.object);
    }
    aspace_put(as);
    return 0;
}

int procfs_show_maps(struct pseudo_inode *inode, struct text *text)
{
    struct process *process = procfs_process(inode);
    int error;

    if (process == NULL)
        return -ESRCH;
    error = show_regions(process, text);
    process_put(process);
    return error;
}
