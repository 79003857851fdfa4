// SPDX-License-Identifier: Apache-2.0
//
// tests/support/child.cc - contract in harness.h. A kernel that panics takes
// its process along, so it gets one of its own: this program again, with the
// name of the body in the environment.
#include "tests/support/child.h"

#include <cerrno>
#include <cstdlib>
#include <map>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/harness.h"

namespace harness {

static std::map<std::string, void (*)()> &bodies()
{
    static std::map<std::string, void (*)()> map;

    return map;
}

Child::Child(const char *name, void (*body)())
{
    bodies()[name] = body;
}

int call_child(const char *name)
{
    auto at = bodies().find(name);

    if (at == bodies().end())
        return 125;
    at->second();
    return 0;
}

// Starts this program with stderr in a pipe; returns the end to read.
static int start_child(const char *name, pid_t *pid)
{
    std::string variable = std::string(kChildVariable) + "=" + name;
    std::vector<char *> environment;
    char program[4096] = "";
    char *arguments[] = {program, nullptr};
    posix_spawn_file_actions_t actions;
    int ends[2];

    // By its name: what runs under Valgrind's /proc/self/exe is Valgrind.
    if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
        return -1;
    for (char **at = environ; *at != nullptr; at++)
        environment.push_back(*at);
    environment.push_back(&variable[0]);
    environment.push_back(nullptr);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    if (posix_spawn(pid, program, &actions, nullptr, arguments,
                    environment.data()) != 0)
        *pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    return ends[0];
}

Ending run_child(const char *name)
{
    Ending ending = {-1, ""};
    pid_t pid = -1;
    int fd = start_child(name, &pid), status = 0;
    char buffer[4096];
    ssize_t got;

    while ((got = read(fd, buffer, sizeof(buffer))) > 0 ||
           (got < 0 && errno == EINTR))
        if (got > 0)
            ending.log.append(buffer, static_cast<size_t>(got));
    close(fd);
    if (pid <= 0)
        return ending;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    ending.status =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ending;
}

} // namespace harness
