/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/dentry.c - contract in dentry.h.
 *
 * Buckets are chains that readers follow under RCU; a shard's lock covers every
 * SHARDS-th bucket and the list of what is in them, in the order in which the
 * clock hand comes by.
 */
#include "core/fs/dentry.h"

#include "core/abi/errno.h"
#include "core/abi/limits.h"
#include "core/base/string.h"
#include "core/mem/cache.h"

enum {
    BUCKETS = 8192,
    SHARDS = 64,
    LOOKS_MAX = 8,        /* of the clock hand, for each that comes in */
    PAGES_PER_DENTRY = 4, /* of RAM: the bound */
    BOUND_MIN = 2048,
    BOUND_MAX = 1 << 20
};

struct shard {
    struct spinlock lock;
    struct list recent GUARDED_BY(lock);
    unsigned count GUARDED_BY(lock);
} __attribute__((aligned(64)));

static const struct lock_class shard_class = {"path cache", LOCK_RANK_FILE};
static const struct lock_class tree_class = {"path tree", LOCK_RANK_TREE};

static struct mem_cache dentry_cache;
static struct dentry *buckets[BUCKETS]; /* RCU */
static struct shard shards[SHARDS];
static unsigned shard_bound; /* const */
static uint64_t last_number; /* atomic */

static struct {
    struct spinlock lock;
    unsigned seq; /* atomic */
} tree;

void dentry_init_all(uint64_t page_count)
{
    uint64_t bound = max_u64(BOUND_MIN, page_count / PAGES_PER_DENTRY);

    shard_bound = (unsigned)(min_u64(bound, BOUND_MAX) / SHARDS);
    spin_init(&tree.lock, &tree_class);
    for (unsigned i = 0; i < SHARDS; i++) {
        spin_init(&shards[i].lock, &shard_class);
        list_init(&shards[i].recent);
    }
    cache_init(&dentry_cache, "dentry", sizeof(struct dentry), 64);
}

/* --- the tree ------------------------------------------------------------- */

unsigned tree_seq_read(void)
{
    return __atomic_load_n(&tree.seq, __ATOMIC_ACQUIRE);
}

bool tree_is_same(unsigned seq)
{
    return (seq & 1) == 0 &&
           __atomic_load_n(&tree.seq, __ATOMIC_ACQUIRE) == seq;
}

void tree_lock(void) NO_TSA
{
    spin_lock(&tree.lock);
}

void tree_unlock(void) NO_TSA
{
    spin_unlock(&tree.lock);
}

void tree_write_begin(void) NO_TSA
{
    spin_lock(&tree.lock);
    __atomic_store_n(&tree.seq, tree.seq + 1, __ATOMIC_RELEASE);
}

void tree_write_end(void) NO_TSA
{
    __atomic_store_n(&tree.seq, tree.seq + 1, __ATOMIC_RELEASE);
    spin_unlock(&tree.lock);
}

/* --- making and ending ---------------------------------------------------- */

static struct dentry_name *make_name(const struct name *from)
{
    struct dentry_name *name =
        kmem_alloc(sizeof(*name) + from->size + 1, MEM_WAIT, NULL);

    if (name == NULL)
        return NULL;
    refcount_init(&name->refs, 1);
    name->size = from->size;
    name->hash = from->hash;
    mem_copy(name->text, from->text, from->size);
    name->text[from->size] = '\0';
    return name;
}

static void free_name(struct rcu_head *head)
{
    struct dentry_name *name = container_of(head, struct dentry_name, rcu);

    kmem_free(name, sizeof(*name) + name->size + 1);
}

static void put_name(struct dentry_name *name)
{
    if (refcount_put(&name->refs))
        rcu_call(&name->rcu, free_name);
}

/* The inode is known by dentry from now on, unless it is by another. */
static void add_alias(struct inode *inode, struct dentry *dentry)
{
    struct dentry *none = NULL;

    (void)__atomic_compare_exchange_n(&inode->alias, &none, dentry, false,
                                      __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

/* parent NULL: its own. Takes the reference to inode, when that works. */
static struct dentry *make_dentry(struct dentry *parent,
                                  const struct name *name, struct inode *inode,
                                  struct super *super)
{
    struct dentry *dentry = mem_alloc(&dentry_cache, MEM_WAIT | MEM_ZERO, NULL);

    if (dentry == NULL)
        return NULL;
    dentry->name = make_name(name);
    if (dentry->name == NULL) {
        mem_free(&dentry_cache, dentry);
        return NULL;
    }
    refcount_init(&dentry->refs, 1);
    list_init(&dentry->recent);
    dentry->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
    dentry->super = super;
    dentry->inode = inode;
    if (inode != NULL)
        add_alias(inode, dentry);
    dentry->parent = dentry;
    if (parent != NULL) {
        dentry_get(parent);
        dentry->parent = parent;
    }
    return dentry;
}

struct dentry *dentry_create_root(struct inode *inode)
{
    const struct name name = name_of("/", 1);

    return make_dentry(NULL, &name, inode, inode->super);
}

struct dentry *dentry_create_unnamed(struct inode *inode, struct dentry *parent,
                                     const char *text)
{
    const struct name name = name_of(text, str_length(text, LX_PATH_MAX));

    return make_dentry(parent, &name, inode, inode->super);
}

static void free_dentry(struct rcu_head *head)
{
    mem_free(&dentry_cache, container_of(head, struct dentry, rcu));
}

void dentry_get(struct dentry *dentry)
{
    refcount_get(&dentry->refs);
}

static void drop_alias(struct inode *inode, struct dentry *dentry)
{
    (void)__atomic_compare_exchange_n(&inode->alias, &dentry, NULL, false,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

struct dentry *dentry_alias(struct inode *inode)
{
    struct dentry *dentry;

    rcu_read_lock();
    dentry = RCU_LOAD(inode->alias);
    if (dentry != NULL && !refcount_get_unless_zero(&dentry->refs))
        dentry = NULL;
    rcu_read_unlock();
    return dentry;
}

/* Ends one without references. Returns the parent, whose reference the caller
 * gets, or NULL. */
static struct dentry *end_dentry(struct dentry *dentry)
{
    struct dentry *parent = dentry->parent;

    ASSERT(!dentry->is_hashed);
    if (dentry->inode != NULL) {
        drop_alias(dentry->inode, dentry);
        inode_put(dentry->inode);
    }
    put_name(dentry->name);
    rcu_call(&dentry->rcu, free_dentry);
    return parent != dentry ? parent : NULL;
}

void dentry_put(struct dentry *dentry)
{
    while (dentry != NULL && refcount_put(&dentry->refs))
        dentry = end_dentry(dentry);
}

/* --- the cache ------------------------------------------------------------ */

static uint32_t hash_of(const struct dentry *parent, uint32_t name_hash)
{
    uint64_t mix = (parent->number + name_hash) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(mix >> 32);
}

static struct dentry **bucket_of(uint32_t hash)
{
    return &buckets[hash % BUCKETS];
}

static struct shard *shard_of(uint32_t hash)
{
    return &shards[hash % SHARDS];
}

static bool is_called(const struct dentry *dentry, const struct name *name)
{
    const struct dentry_name *own = RCU_LOAD(dentry->name);

    return own->size == name->size &&
           mem_equal(own->text, name->text, name->size);
}

struct dentry *dentry_find(struct dentry *parent, const struct name *name)
{
    uint32_t hash = hash_of(parent, name->hash);
    struct dentry *dentry = RCU_LOAD(*bucket_of(hash));

    for (; dentry != NULL; dentry = RCU_LOAD(dentry->next)) {
        if (__atomic_load_n(&dentry->hash, __ATOMIC_ACQUIRE) != hash ||
            RCU_LOAD(dentry->parent) != parent || !is_called(dentry, name))
            continue;
        if (!__atomic_load_n(&dentry->is_referenced, __ATOMIC_RELAXED))
            __atomic_store_n(&dentry->is_referenced, true, __ATOMIC_RELAXED);
        return dentry;
    }
    return NULL;
}

/* Takes it out of bucket and list. Its shard's lock is held. */
static void unhash(struct shard *shard, struct dentry *dentry) NO_TSA
{
    struct dentry **at = bucket_of(dentry->hash);

    while (*at != dentry)
        at = &(*at)->next;
    RCU_STORE(*at, dentry->next);
    list_remove(&dentry->recent);
    __atomic_store_n(&dentry->is_hashed, false, __ATOMIC_RELAXED);
    shard->count--;
}

static void hash(struct shard *shard, struct dentry *dentry) NO_TSA
{
    struct dentry **bucket = bucket_of(dentry->hash);

    RCU_STORE(dentry->next, *bucket);
    RCU_STORE(*bucket, dentry);
    list_push_back(&shard->recent, &dentry->recent);
    __atomic_store_n(&dentry->is_hashed, true, __ATOMIC_RELAXED);
    shard->count++;
}

/* The clock hand: takes out one that nobody uses, or NULL. */
static struct dentry *take_old(struct shard *shard) NO_TSA
{
    for (unsigned i = 0; i < LOOKS_MAX && shard->count > shard_bound; i++) {
        struct dentry *dentry =
            list_entry(shard->recent.next, struct dentry, recent);
        bool was_used =
            __atomic_load_n(&dentry->is_referenced, __ATOMIC_RELAXED);

        if (!was_used && refcount_put_if_one(&dentry->refs)) {
            unhash(shard, dentry);
            return dentry;
        }
        __atomic_store_n(&dentry->is_referenced, false, __ATOMIC_RELAXED);
        list_remove(&dentry->recent);
        list_push_back(&shard->recent, &dentry->recent);
    }
    return NULL;
}

static void end_taken(struct dentry *dentry)
{
    if (dentry != NULL)
        dentry_put(end_dentry(dentry));
}

/* Enters a dentry, which the cache gets a reference to. */
static void enter(struct dentry *dentry)
{
    uint32_t value = hash_of(dentry->parent, dentry->name->hash);
    struct shard *shard = shard_of(value);
    struct dentry *old;

    dentry_get(dentry);
    __atomic_store_n(&dentry->hash, value, __ATOMIC_RELAXED);
    spin_lock(&shard->lock);
    hash(shard, dentry);
    old = take_old(shard);
    spin_unlock(&shard->lock);
    end_taken(old);
}

static struct dentry *find_locked(struct dentry *parent,
                                  const struct name *name)
{
    struct shard *shard = shard_of(hash_of(parent, name->hash));
    struct dentry *dentry;

    spin_lock(&shard->lock);
    dentry = dentry_find(parent, name);
    if (dentry != NULL)
        dentry_get(dentry);
    spin_unlock(&shard->lock);
    return dentry;
}

int dentry_lookup_locked(struct dentry *parent, const struct name *name,
                         struct dentry **out)
{
    struct inode *dir = dentry_inode(parent), *inode = NULL;
    struct dentry *dentry;
    int error;

    ASSERT(mutex_is_held(&dir->lock));
    if (name->size > LX_NAME_MAX)
        return -ENAMETOOLONG;
    dentry = find_locked(parent, name);
    if (dentry == NULL) {
        if ((dir->flags & INODE_DEAD) != 0)
            return -ENOENT;
        error = dir->ops->lookup(dir, name, &inode);
        if (error != 0 && error != -ENOENT)
            return error;
        dentry = make_dentry(parent, name, inode, parent->super);
        if (dentry == NULL) {
            if (inode != NULL)
                inode_put(inode);
            return -ENOMEM;
        }
        if ((dir->flags & INODE_DYNAMIC) == 0)
            enter(dentry);
    }
    *out = dentry;
    return 0;
}

int dentry_lookup(struct dentry *parent, const struct name *name,
                  struct dentry **out)
{
    struct inode *dir = dentry_inode(parent);
    struct dentry *dentry;
    unsigned seq;
    int error;

    do {
        rcu_read_lock();
        seq = tree_seq_read();
        dentry = dentry_find(parent, name);
        if (dentry != NULL && !refcount_get_unless_zero(&dentry->refs))
            dentry = NULL;
        rcu_read_unlock();
        if (dentry != NULL && tree_is_same(seq)) {
            *out = dentry;
            return 0;
        }
        dentry_put(dentry);
    } while (dentry != NULL);
    error = mutex_lock_killable(&dir->lock);
    if (error != 0)
        return error;
    error = dentry_lookup_locked(parent, name, out);
    mutex_unlock(&dir->lock);
    return error;
}

void dentry_fill(struct dentry *dentry, struct inode *inode)
{
    ASSERT(dentry->inode == NULL);
    add_alias(inode, dentry);
    RCU_STORE(dentry->inode, inode);
}

/* Takes dentry out of the cache; false: it was not there. */
static bool leave(struct dentry *dentry)
{
    struct shard *shard = shard_of(dentry->hash);
    bool was_hashed;

    spin_lock(&shard->lock);
    was_hashed = dentry->is_hashed;
    if (was_hashed)
        unhash(shard, dentry);
    spin_unlock(&shard->lock);
    return was_hashed;
}

/* Puts it back, at its new place. */
static void come_back(struct dentry *dentry)
{
    uint32_t value = hash_of(dentry->parent, dentry->name->hash);
    struct shard *shard = shard_of(value);

    __atomic_store_n(&dentry->hash, value, __ATOMIC_RELEASE);
    spin_lock(&shard->lock);
    hash(shard, dentry);
    spin_unlock(&shard->lock);
}

void dentry_drop(struct dentry *dentry)
{
    if (leave(dentry))
        dentry_put(dentry);
}

/* Gives dentry the place of other; returns what was its own in *parent, *name,
 * with the references. */
static void take_place(struct dentry *dentry, struct dentry *parent,
                       struct dentry_name *name)
{
    dentry_get(parent);
    refcount_get(&name->refs);
    RCU_STORE(dentry->parent, parent);
    RCU_STORE(dentry->name, name);
}

void dentry_move(struct dentry *from, struct dentry *to, bool exchanges)
{
    struct dentry *from_parent = from->parent, *to_parent = to->parent;
    struct dentry_name *from_name = from->name, *to_name = to->name;
    bool was_hashed, other_was;

    tree_write_begin();
    was_hashed = leave(from);
    other_was = leave(to);
    take_place(from, to_parent, to_name);
    if (was_hashed)
        come_back(from);
    if (exchanges) {
        take_place(to, from_parent, from_name);
        if (other_was)
            come_back(to);
    }
    tree_write_end();
    dentry_put(from_parent);
    put_name(from_name);
    if (exchanges) {
        dentry_put(to_parent);
        put_name(to_name);
    } else if (other_was) {
        dentry_put(to);
    }
}

bool dentry_is_below(const struct dentry *dentry, const struct dentry *ancestor)
{
    for (;;) {
        const struct dentry *parent = RCU_LOAD(dentry->parent);

        if (dentry == ancestor)
            return true;
        if (parent == dentry)
            return false;
        dentry = parent;
    }
}

bool dentry_is_dropped(const struct dentry *dentry)
{
    const struct inode *parent;

    if (RCU_LOAD(dentry->parent) == dentry ||
        __atomic_load_n(&dentry->is_hashed, __ATOMIC_RELAXED))
        return false;
    parent = dentry_inode(dentry->parent);
    return (parent->flags & INODE_DYNAMIC) == 0;
}

/* Takes one of super's that nobody uses out of the shard, or NULL. */
static struct dentry *take_unused(struct shard *shard,
                                  const struct super *super)
{
    struct dentry *found = NULL;

    spin_lock(&shard->lock);
    list_for_each(link, &shard->recent)
    {
        struct dentry *dentry = list_entry(link, struct dentry, recent);

        if ((super != NULL && dentry->super != super) ||
            !refcount_put_if_one(&dentry->refs))
            continue;
        unhash(shard, dentry);
        found = dentry;
        break;
    }
    spin_unlock(&shard->lock);
    return found;
}

size_t dentry_shrink(const struct super *super)
{
    struct dentry *dentry;
    size_t count = 0;

    for (unsigned i = 0; i < SHARDS; i++)
        while ((dentry = take_unused(&shards[i], super)) != NULL) {
            end_taken(dentry);
            count++;
        }
    return count;
}

size_t dentry_count(void)
{
    size_t count = 0;

    for (unsigned i = 0; i < SHARDS; i++) {
        spin_lock(&shards[i].lock);
        count += shards[i].count;
        spin_unlock(&shards[i].lock);
    }
    return count;
}
