/* Preloaded into begat: counts what it writes to and syncs of the catalog, and at one of these calls kills the process or
 * fails the call.
 *
 * FAULT_AT=N     the call, from 1; none when unset
 * FAULT_KIND     kill, eio or enospc
 * FAULT_TRACE    a file that each call is told to, one a line
 * FAULT_CLOCK    seconds that the wall clock is set back by, after the first ten times it was asked
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static atomic_long calls;
static atomic_long asked;

static int is_catalog(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    char *name = strstr(path, "catalog.db");
    return name != NULL && strstr(name, ".locks") == NULL && strstr(name, "-shm") == NULL;
}

static void trace(const char *what, int fd) {
    const char *file = getenv("FAULT_TRACE");
    if (file == NULL) return;
    char line[64];
    int length = snprintf(line, sizeof line, "%s %s\n", what, fd == 1 ? "stdout" : "catalog");
    int target = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (target < 0) return;
    syscall(SYS_write, target, line, (size_t)length);
    syscall(SYS_close, target);
}

/* Whether this call is to fail; errno says how. */
static int fails(const char *what, int fd) {
    if (fd == 1) { trace(what, fd); return 0; }
    if (!is_catalog(fd)) return 0;
    trace(what, fd);
    const char *at = getenv("FAULT_AT");
    if (at == NULL || atomic_fetch_add(&calls, 1) + 1 != atol(at)) return 0;
    const char *kind = getenv("FAULT_KIND");
    if (kind == NULL || strcmp(kind, "kill") == 0) { raise(SIGKILL); }
    errno = strcmp(kind, "enospc") == 0 ? ENOSPC : EIO;
    return 1;
}

#define NEXT(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t size) {
    if (fails("write", fd)) return -1;
    return NEXT(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t place) {
    if (fails("write", fd)) return -1;
    return NEXT(pwrite)(fd, bytes, size, place);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t place) {
    if (fails("write", fd)) return -1;
    return NEXT(pwrite64)(fd, bytes, size, place);
}
int fsync(int fd) {
    if (fails("sync", fd)) return -1;
    return NEXT(fsync)(fd);
}
int fdatasync(int fd) {
    if (fails("sync", fd)) return -1;
    return NEXT(fdatasync)(fd);
}
int ftruncate(int fd, off_t size) {
    if (fails("truncate", fd)) return -1;
    return NEXT(ftruncate)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
    if (fails("truncate", fd)) return -1;
    return NEXT(ftruncate64)(fd, size);
}
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    const char *back = getenv("FAULT_CLOCK");
    if (back != NULL && clock == CLOCK_REALTIME && atomic_fetch_add(&asked, 1) >= 10) time->tv_sec -= atol(back);
    return result;
}
