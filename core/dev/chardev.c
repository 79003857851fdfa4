/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/chardev.c - contract in chardev.h.
 *
 * There are some dozens of devices at most, so a list will do.
 */
#include "core/dev/chardev.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/sync/spinlock.h"

static const struct lock_class registry_class = {"chardevs", LOCK_RANK_IDS};

static struct {
    struct spinlock lock;
    struct list devices GUARDED_BY(lock);
} registry;

void chardev_init_all(void)
{
    spin_init(&registry.lock, &registry_class);
    list_init(&registry.devices);
}

static struct chardev *entry_of(struct list *node)
{
    return list_entry(node, struct chardev, link);
}

static bool numbers_meet(const struct chardev *a, const struct chardev *b)
{
    return a->major == b->major && a->minor < b->minor + b->minor_count &&
           b->minor < a->minor + a->minor_count;
}

static bool collides(const struct chardev *a, const struct chardev *b)
{
    return numbers_meet(a, b) ||
           (a->name != NULL && b->name != NULL && str_equal(a->name, b->name));
}

int chardev_register(struct chardev *device)
{
    unsigned saved;
    int error = 0;

    ASSERT(device->minor_count > 0);
    saved = spin_lock_irq(&registry.lock);
    list_for_each(node, &registry.devices)
    {
        if (collides(device, entry_of(node)))
            error = -EBUSY;
    }
    if (error == 0) {
        list_init(&device->link);
        list_push_back(&registry.devices, &device->link);
    }
    spin_unlock_irq(&registry.lock, saved);
    return error;
}

struct chardev *chardev_find(uint32_t major, uint32_t minor)
{
    struct chardev wanted = {.major = major, .minor = minor, .minor_count = 1};
    unsigned saved = spin_lock_irq(&registry.lock);
    struct chardev *found = NULL;

    list_for_each(node, &registry.devices)
    {
        if (numbers_meet(&wanted, entry_of(node)))
            found = entry_of(node);
    }
    spin_unlock_irq(&registry.lock, saved);
    return found;
}

struct chardev *chardev_next(struct chardev *device)
{
    unsigned saved = spin_lock_irq(&registry.lock);
    struct list *next =
        device == NULL ? registry.devices.next : device->link.next;
    struct chardev *found = next == &registry.devices ? NULL : entry_of(next);

    spin_unlock_irq(&registry.lock, saved);
    return found;
}
