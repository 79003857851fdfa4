/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/fd_table.c - descriptors; contract in fd_table.h.
 *
 * What a change needs is allocated before the lock is taken; when it turns out
 * to be too little, the change starts over.
 *
 * Look-ups of the table's own threads take no lock. Where the table is not
 * shared, nobody else can close the descriptor, so its reference will do. Where
 * it is, the file is found by RCU, and one taken out of such a table is freed
 * by RCU. Others than the table's own threads look things up under the lock.
 */
#include "core/fs/fd_table.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/fs/file.h"
#include "core/fs/lock.h"
#include "core/mem/cache.h"

static const struct lock_class fd_class = {"fd table", LOCK_RANK_IDS};

static struct mem_cache table_cache, chunk_cache;

static size_t row_size(unsigned count)
{
    return offsetof(struct fd_row, chunks) + count * sizeof(struct fd_chunk *);
}

void fd_init_all(void)
{
    cache_init(&table_cache, "fd table",
               offsetof(struct fd_table, first) + row_size(FD_CHUNKS_FIRST),
               16);
    cache_init(&chunk_cache, "fd chunk", sizeof(struct fd_chunk), 16);
}

int fd_table_create(struct fd_table **out)
{
    struct fd_table *table = mem_alloc(&table_cache, MEM_WAIT | MEM_ZERO, NULL);

    if (table == NULL)
        return -ENOMEM;
    refcount_init(&table->refs, 1);
    spin_init(&table->lock, &fd_class);
    table->first.count = FD_CHUNKS_FIRST;
    table->row = &table->first;
    *out = table;
    return 0;
}

void fd_table_get(struct fd_table *table)
{
    refcount_get(&table->refs);
}

bool fd_table_is_shared(const struct fd_table *table)
{
    return __atomic_load_n(&table->refs.count, __ATOMIC_ACQUIRE) > 1;
}

static void free_row(struct rcu_head *head)
{
    struct fd_row *row = container_of(head, struct fd_row, rcu);

    kmem_free(row, row_size(row->count));
}

/* A descriptor lets go of its file. */
static void put_file(const struct fd_table *table, struct file *file)
{
    lock_close(file, table);
    if (file->ops->flush != NULL)
        (void)file->ops->flush(file);
    file_put(file);
}

static void close_chunk(const struct fd_table *table, struct fd_chunk *chunk)
{
    for (unsigned i = 0; i < FD_CHUNK; i++)
        if (chunk->files[i] != NULL)
            put_file(table, chunk->files[i]);
    mem_free(&chunk_cache, chunk);
}

/* Nobody else has it, so its lock is not needed. */
void fd_table_put(struct fd_table *table) NO_TSA
{
    struct fd_row *row;

    if (!refcount_put(&table->refs))
        return;
    row = table->row;
    for (unsigned i = 0; i < row->count; i++)
        if (row->chunks[i] != NULL)
            close_chunk(table, row->chunks[i]);
    if (row != &table->first)
        free_row(&row->rcu);
    mem_free(&table_cache, table);
}

unsigned fd_table_size(const struct fd_table *table)
{
    const struct fd_row *row = RCU_LOAD(table->row);
    unsigned count = row->count;

    while (count > 1 && RCU_LOAD(row->chunks[count - 1]) == NULL)
        count--;
    return count * FD_CHUNK;
}

/* The chunk of fd, or NULL. */
static struct fd_chunk *chunk_of(struct fd_table *table, unsigned fd)
    REQUIRES(table->lock)
{
    struct fd_row *row = table->row;

    return fd / FD_CHUNK < row->count ? row->chunks[fd / FD_CHUNK] : NULL;
}

static uint64_t bit_of(unsigned fd)
{
    return UINT64_C(1) << (fd % FD_CHUNK);
}

/* The chunk of fd when fd is in use, or NULL. */
static struct fd_chunk *used_chunk(struct fd_table *table, int fd)
    REQUIRES(table->lock)
{
    struct fd_chunk *chunk = fd < 0 ? NULL : chunk_of(table, (unsigned)fd);

    return chunk != NULL && (chunk->used & bit_of((unsigned)fd)) != 0 ? chunk
                                                                      : NULL;
}

/* Puts row, which is longer, in place of table's; returns the old one. */
static struct fd_row *replace_row(struct fd_table *table, struct fd_row *row)
    REQUIRES(table->lock)
{
    struct fd_row *old = table->row;

    mem_copy(row->chunks, old->chunks, old->count * sizeof(struct fd_chunk *));
    RCU_STORE(table->row, row);
    return old != &table->first ? old : NULL;
}

/* Makes sure that the row reaches fd: 0 or -ENOMEM. */
static int reach(struct fd_table *table, unsigned fd)
{
    unsigned count = FD_CHUNKS_FIRST;
    struct fd_row *row;

    while (count <= fd / FD_CHUNK)
        count = (unsigned)min_u64(2 * count, FD_CHUNKS_MAX);
    if (count == FD_CHUNKS_FIRST)
        return 0;
    row = kmem_alloc(row_size(count), MEM_WAIT | MEM_ZERO, NULL);
    if (row == NULL)
        return -ENOMEM;
    row->count = count;
    spin_lock(&table->lock);
    if (table->row->count < count)
        row = replace_row(table, row);
    spin_unlock(&table->lock);
    if (row != NULL && fd_table_is_shared(table))
        rcu_call(&row->rcu, free_row);
    else if (row != NULL)
        free_row(&row->rcu);
    return 0;
}

/* Makes sure that fd < FD_MAX has a chunk: 0 or -ENOMEM. */
static int make_chunk(struct fd_table *table, unsigned fd)
{
    struct fd_chunk *chunk = mem_alloc(&chunk_cache, MEM_WAIT | MEM_ZERO, NULL);
    int error;

    if (chunk == NULL)
        return -ENOMEM;
    error = reach(table, fd);
    spin_lock(&table->lock);
    if (error == 0 && chunk_of(table, fd) == NULL) {
        RCU_STORE(table->row->chunks[fd / FD_CHUNK], chunk);
        chunk = NULL;
    }
    spin_unlock(&table->lock);
    mem_free(&chunk_cache, chunk);
    return error;
}

static void put_at(struct fd_chunk *chunk, unsigned fd, struct file *file,
                   bool close_on_exec)
{
    RCU_STORE(chunk->files[fd % FD_CHUNK], file);
    if (file != NULL)
        chunk->used |= bit_of(fd);
    else
        chunk->used &= ~bit_of(fd);
    if (close_on_exec)
        chunk->close_on_exec |= bit_of(fd);
    else
        chunk->close_on_exec &= ~bit_of(fd);
}

/* The lowest free descriptor from first on, which may have no chunk yet. */
static unsigned find_free(struct fd_table *table, unsigned first)
    REQUIRES(table->lock)
{
    unsigned fd =
        first > table->full * FD_CHUNK ? first : table->full * FD_CHUNK;

    for (;;) {
        const struct fd_chunk *chunk = chunk_of(table, fd);
        uint64_t taken = bit_of(fd) - 1;

        if (chunk == NULL)
            return fd;
        taken |= chunk->used;
        if (~taken != 0)
            return fd / FD_CHUNK * FD_CHUNK + (unsigned)__builtin_ctzll(~taken);
        if (chunk->used == UINT64_MAX && fd / FD_CHUNK == table->full)
            table->full++;
        fd = (fd / FD_CHUNK + 1) * FD_CHUNK;
    }
}

int fd_install(struct fd_table *table, struct file *file,
               const struct fd_place *place)
{
    uint64_t limit = min_u64(place->limit, FD_MAX);
    struct fd_chunk *chunk;
    unsigned fd;
    int error;

    for (;;) {
        spin_lock(&table->lock);
        fd = find_free(table, place->first);
        chunk = chunk_of(table, fd);
        if (fd < limit && chunk != NULL)
            put_at(chunk, fd, file, place->close_on_exec);
        spin_unlock(&table->lock);
        if (fd >= limit)
            return -EMFILE;
        if (chunk != NULL)
            return (int)fd;
        error = make_chunk(table, fd);
        if (error != 0)
            return error;
    }
}

/* The file that is taken out of fd, or NULL. */
static struct file *leaving_file(struct fd_table *table, struct fd_chunk *chunk,
                                 unsigned fd) REQUIRES(table->lock)
{
    struct file *file = chunk->files[fd % FD_CHUNK];

    if (file != NULL && fd_table_is_shared(table))
        __atomic_store_n(&file->was_found, true, __ATOMIC_RELAXED);
    return file;
}

int fd_replace(struct fd_table *table, unsigned fd, struct file *file,
               bool close_on_exec)
{
    struct file *old = NULL;
    struct fd_chunk *chunk;
    int error;

    ASSERT(fd < FD_MAX);
    for (;;) {
        spin_lock(&table->lock);
        chunk = chunk_of(table, fd);
        if (chunk != NULL) {
            old = leaving_file(table, chunk, fd);
            put_at(chunk, fd, file, close_on_exec);
        }
        spin_unlock(&table->lock);
        if (chunk != NULL)
            break;
        error = make_chunk(table, fd);
        if (error != 0)
            return error;
    }
    if (old != NULL)
        put_file(table, old);
    return (int)fd;
}

/* Takes the file of fd out of the table; NULL when there is none. */
static struct file *take_out(struct fd_table *table, int fd)
{
    struct file *file = NULL;
    struct fd_chunk *chunk;

    spin_lock(&table->lock);
    chunk = used_chunk(table, fd);
    if (chunk != NULL) {
        file = leaving_file(table, chunk, (unsigned)fd);
        put_at(chunk, (unsigned)fd, NULL, false);
        if ((unsigned)fd / FD_CHUNK < table->full)
            table->full = (unsigned)fd / FD_CHUNK;
    }
    spin_unlock(&table->lock);
    return file;
}

int fd_close(struct fd_table *table, int fd)
{
    struct file *file = take_out(table, fd);

    if (file == NULL)
        return -EBADF;
    put_file(table, file);
    return 0;
}

struct file *fd_get(struct fd_table *table, int fd)
{
    struct file *file = NULL;
    struct fd_chunk *chunk;

    spin_lock(&table->lock);
    chunk = used_chunk(table, fd);
    if (chunk != NULL) {
        file = chunk->files[fd % FD_CHUNK];
        file_get(file);
    }
    spin_unlock(&table->lock);
    return file;
}

/* What fd is, for a reader. */
static struct file *find_file(struct fd_table *table, unsigned fd)
{
    struct fd_row *row = RCU_LOAD(table->row);
    struct fd_chunk *chunk;

    if (fd / FD_CHUNK >= row->count)
        return NULL;
    chunk = RCU_LOAD(row->chunks[fd / FD_CHUNK]);
    return chunk == NULL ? NULL : RCU_LOAD(chunk->files[fd % FD_CHUNK]);
}

/* A file on its way out counts as closed. */
static SELDOM struct fd_loan borrow_counted(struct fd_table *table, unsigned fd)
{
    struct fd_loan loan = {NULL, true};

    rcu_read_lock();
    loan.file = find_file(table, fd);
    if (loan.file != NULL && !refcount_get_unless_zero(&loan.file->refs))
        loan.file = NULL;
    rcu_read_unlock();
    loan.is_counted = loan.file != NULL;
    return loan;
}

struct fd_loan fd_borrow(struct fd_table *table, int fd)
{
    if (fd_table_is_shared(table))
        return borrow_counted(table, (unsigned)fd);
    return (struct fd_loan){find_file(table, (unsigned)fd), false};
}

int fd_closes_on_exec(struct fd_table *table, int fd)
{
    struct fd_chunk *chunk;
    int result = -EBADF;

    spin_lock(&table->lock);
    chunk = used_chunk(table, fd);
    if (chunk != NULL)
        result = (chunk->close_on_exec & bit_of((unsigned)fd)) != 0;
    spin_unlock(&table->lock);
    return result;
}

int fd_set_close_on_exec(struct fd_table *table, int fd, bool value)
{
    struct fd_chunk *chunk;

    spin_lock(&table->lock);
    chunk = used_chunk(table, fd);
    if (chunk != NULL)
        put_at(chunk, (unsigned)fd, chunk->files[fd % FD_CHUNK], value);
    spin_unlock(&table->lock);
    return chunk != NULL ? 0 : -EBADF;
}

/* The first descriptor in use, or marked, from fd on; FD_MAX: none. */
static unsigned next_used(struct fd_table *table, unsigned fd, bool marked)
{
    unsigned found = FD_MAX;

    spin_lock(&table->lock);
    while (fd / FD_CHUNK < table->row->count && found == FD_MAX) {
        const struct fd_chunk *chunk = chunk_of(table, fd);
        uint64_t some = chunk == NULL ? 0
                        : marked      ? chunk->close_on_exec
                                      : chunk->used;

        some &= ~(bit_of(fd) - 1);
        if (some != 0)
            found = fd / FD_CHUNK * FD_CHUNK + (unsigned)__builtin_ctzll(some);
        fd = (fd / FD_CHUNK + 1) * FD_CHUNK;
    }
    spin_unlock(&table->lock);
    return found;
}

int fd_next(struct fd_table *table, unsigned first)
{
    unsigned fd = next_used(table, first, false);

    return fd < FD_MAX ? (int)fd : -1;
}

void fd_close_range(struct fd_table *table, unsigned first, unsigned last,
                    bool only_marks)
{
    unsigned fd;

    for (fd = next_used(table, first, false); fd < FD_MAX && fd <= last;
         fd = next_used(table, fd + 1, false)) {
        if (only_marks)
            (void)!fd_set_close_on_exec(table, (int)fd, true);
        else
            (void)!fd_close(table, (int)fd);
    }
}

void fd_close_marked(struct fd_table *table)
{
    unsigned fd;

    for (fd = next_used(table, 0, true); fd < FD_MAX;
         fd = next_used(table, fd + 1, true))
        (void)!fd_close(table, (int)fd);
}

/* Fills to's chunk with references to from's files; false when to has none. */
static bool copy_chunk(struct fd_table *to, struct fd_table *from, unsigned at)
{
    struct fd_chunk *source, *chunk = to->row->chunks[at];

    spin_lock(&from->lock);
    source = from->row->chunks[at];
    if (chunk != NULL && source != NULL) {
        mem_copy(chunk, source, sizeof(*chunk));
        for (unsigned i = 0; i < FD_CHUNK; i++)
            if (chunk->files[i] != NULL)
                file_get(chunk->files[i]);
    }
    spin_unlock(&from->lock);
    return chunk != NULL || source == NULL;
}

int fd_table_copy(struct fd_table *from, struct fd_table **out)
{
    unsigned count = fd_table_size(from) / FD_CHUNK;
    struct fd_table *table;
    int error = fd_table_create(&table);

    if (error != 0)
        return error;
    error = reach(table, count * FD_CHUNK - 1);
    for (unsigned i = 0; i < count && error == 0; i++)
        if (!copy_chunk(table, from, i)) {
            error = make_chunk(table, i * FD_CHUNK);
            if (error == 0)
                (void)copy_chunk(table, from, i);
        }
    if (error != 0) {
        fd_table_put(table);
        return error;
    }
    *out = table;
    return 0;
}
