/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/procfs.h - proc(5): the files about processes and the system.
 *
 * The tables are spread over the files that know what they show; the root's is
 * open: procfs_register().
 */
#ifndef CORE_PROC_PROCFS_H
#define CORE_PROC_PROCFS_H

#include "core/fs/pseudo/pseudo.h"

struct pid;
struct process;
struct task;

/* What uname(2) says: programs ask for the level of Linux's interface that they
 * can count on. */
#define PROC_RELEASE "6.1.0-cyphera"
#define PROC_VERSION "#1 SMP Cyphera"

C_DECLS_BEGIN

/* Registers the type "proc". Once, at boot, after fs_init_all(). */
void procfs_init_all(void);

/* Adds a file to the root directory, for good. At boot. */
void procfs_register(struct pseudo_registration *registration);

/* --- for the files of procfs ---------------------------------------------- */

/* Of the root directory. procfs_system.c, procfs_sys.c */
extern const struct pseudo_entry procfs_system_entries[];
extern const size_t procfs_system_count;
extern const struct pseudo_dir procfs_sys_dir;

/* Of /proc/PID, and of /proc/PID/fd and fdinfo. procfs_pid.c, procfs_fd.c */
extern const struct pseudo_dir procfs_pid_dir, procfs_task_dir, procfs_fd_dir,
    procfs_fdinfo_dir;

/* Subjects are struct pid: a process's or a thread's. */
extern const struct pseudo_subject_ops procfs_pid_subject;

/* The process or thread of a pid subject, with a reference, or NULL. A thread
 * of a process is its first one. */
MUST_USE struct process *procfs_process(struct pseudo_inode *inode);
MUST_USE struct task *procfs_task(struct pseudo_inode *inode);

/* The name of who bears pid as a thread's, or a process's whose leader has
 * ended, PROCESS_NAME_MAX bytes, and its process. NULL: nobody. Tree lock. */
char *procfs_name(struct pid *pid, struct process **out);

/* May the running thread look into process (ptrace(2), access checks)? 0,
 * -EACCES. */
MUST_USE int procfs_may_look(struct process *process);

/* The files of one process. procfs_stat.c, procfs_maps.c */
int procfs_show_stat(struct pseudo_inode *inode, struct text *text);
int procfs_show_thread_stat(struct pseudo_inode *inode, struct text *text);
int procfs_show_status(struct pseudo_inode *inode, struct text *text);
int procfs_show_statm(struct pseudo_inode *inode, struct text *text);
int procfs_show_maps(struct pseudo_inode *inode, struct text *text);

/* The mounts of the running thread's namespace, as /proc/mounts and as
 * mountinfo have them. procfs_mounts.c */
int procfs_show_mounts(struct pseudo_inode *inode, struct text *text);
int procfs_show_mountinfo(struct pseudo_inode *inode, struct text *text);

/* Adds the path of a file as the running thread sees it. */
void procfs_add_path(struct text *text, const struct path *path);

C_DECLS_END

#endif /* CORE_PROC_PROCFS_H */
