/* Loaded into a process before its C library: counts its calls that change a file, and strikes at one of them.

   The count is one for all threads; strace, which could strike too, counts each thread by itself. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int count;
static atomic_bool counting;
static int place, code;
static void (*told)(void);

/* Count from here, and strike at the call of that number (1 is the next): with an errno, or the end (0). */
void strike_at(int at, int with) {
    place = at;
    code = with;
    count = 0;
    counting = 1;
}

/* Have a function called by the thread that is struck, just before it is the end. */
void strike_tells(void (*with)(void)) {
    told = with;
}

/* Return how many calls were met, and count no more. */
int strike_count(void) {
    counting = 0;
    return count;
}

static int struck(void) {
    if (!counting || ++count != place)
        return 0;
    if (code == 0) {
        if (told)
            told();
        for (kill(getpid(), SIGKILL);;)
            pause();
    }
    errno = code;
    return 1;
}

/* Sockets, pipes and events are written to as files are, and so are 0 to 2, whatever they are. */
static int file(int fd) {
    struct stat found;
    return fd > 2 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

#define CALL(type, name, changes, parameters, ...) \
    type name parameters { \
        static type(*_Atomic real) parameters; \
        if (!real) \
            real = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
        return (changes) && struck() ? -1 : real(__VA_ARGS__); \
    }

CALL(ssize_t, write, file(fd), (int fd, const void *from, size_t size), fd, from, size)
CALL(ssize_t, pwrite, 1, (int fd, const void *from, size_t size, off_t at), fd, from, size, at)
CALL(ssize_t, pwrite64, 1, (int fd, const void *from, size_t size, off64_t at), fd, from, size, at)
CALL(int, ftruncate, 1, (int fd, off_t size), fd, size)
CALL(int, ftruncate64, 1, (int fd, off64_t size), fd, size)
CALL(int, fsync, 1, (int fd), fd)
CALL(int, fdatasync, 1, (int fd), fd)
CALL(int, unlink, 1, (const char *path), path)
CALL(int, link, 1, (const char *from, const char *to), from, to)
CALL(int, rename, 1, (const char *from, const char *to), from, to)
CALL(int, mkdir, 1, (const char *path, mode_t mode), path, mode)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        static int (*_Atomic real)(const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (!real) \
            real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        return flags & (O_CREAT | O_TRUNC) && struck() ? -1 : real(path, flags, mode); \
    }

OPEN(open)
OPEN(open64)
