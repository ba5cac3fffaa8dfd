// faults: a library for LD_PRELOAD that makes system calls of the program under test fail, or the program die at them.
// For tests alone; no part of what is installed knows of it. Variables of the environment say what happens:
//
//   FAULTS_NO_SYNC=1              fsync and its like do nothing: tests kill processes, not machines
//   FAULTS_KILL_AT_COMMIT=N       SIGKILL at the N-th moment before or after a rename, a link or an fdatasync
//   FAULTS_BELOW=FOLDER           the calls below count where they are about a file in FOLDER; default: none do
//   FAULTS_AT=KIND:N:HOW          the N-th call (from 1) of KIND counts and fails: HOW is the name of an error, `short`
//                                 (a write or read of fewer bytes than asked for), or `kill` (SIGKILL in its place)
//   FAULTS_THREADS=FILE           at its end, when main has returned, the process appends to FILE how many threads it has
//   FAULTS_COUNT=FILE             at its end the process appends "KIND NUMBER" to FILE for each kind that was called
//
// KINDs: open read pread write pwrite sync rename link mkdir unlink rmdir ftruncate mmap close flock. An error stays: calls after the
// N-th fail too where HOW ends in `+` (a full disk stays full).
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { kOpen, kRead, kPread, kWrite, kPwrite, kSync, kRename, kLink, kMkdir, kUnlink, kRmdir, kFtruncate, kMmap, kClose,
       kFlock, kKinds };
static const char* const kind_names[kKinds] = {"open", "read",  "pread",  "write",     "pwrite", "sync",  "rename", "link",
                                               "mkdir", "unlink", "rmdir", "ftruncate", "mmap", "close", "flock"};
static const struct {
  const char* name;
  int number;
} errors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EMFILE", EMFILE}, {"EACCES", EACCES},
              {"EROFS", EROFS},   {"ENOMEM", ENOMEM}, {"EINTR", EINTR},   {"EPERM", EPERM},   {"ENOSYS", ENOSYS},
              {"EINVAL", EINVAL},   {"ENOLCK", ENOLCK}};

static atomic_long counts[kKinds];
static atomic_long commits;
static long kill_at_commit;
static int no_sync;
static char below[PATH_MAX];
static size_t below_size;
static int fault_kind = -1;
static long fault_at;
static int fault_error;  // 0: `short`, -1: `kill`
static int fault_stays;
static char own[1 << 16];  // of each descriptor: whether it is of a file below the folder

static void die(const char* why) {
  fprintf(stderr, "faults: %s\n", why);
  _exit(99);
}

static void read_fault(const char* text) {
  char kind[16] = "", how[16] = "";
  if (sscanf(text, "%15[^:]:%ld:%15s", kind, &fault_at, how) != 3) die("FAULTS_AT: expected KIND:N:HOW");
  for (int k = 0; k < kKinds; ++k) {
    if (strcmp(kind, kind_names[k]) == 0) fault_kind = k;
  }
  if (fault_kind < 0) die("FAULTS_AT: unknown kind");
  const size_t size = strlen(how);
  if (size > 0 && how[size - 1] == '+') how[size - 1] = '\0', fault_stays = 1;
  if (strcmp(how, "short") == 0) return;
  if (strcmp(how, "kill") == 0) {
    fault_error = -1;
    return;
  }
  for (size_t i = 0; i < sizeof errors / sizeof *errors; ++i) {
    if (strcmp(how, errors[i].name) == 0) fault_error = errors[i].number;
  }
  if (fault_error == 0) die("FAULTS_AT: unknown error");
}

__attribute__((constructor)) static void begin(void) {
  const char* text = getenv("FAULTS_NO_SYNC");
  no_sync = text != NULL && *text != '\0';
  text = getenv("FAULTS_KILL_AT_COMMIT");
  kill_at_commit = text == NULL ? 0 : atol(text);
  text = getenv("FAULTS_BELOW");
  if (text != NULL && realpath(text, below) != NULL) below_size = strlen(below);
  text = getenv("FAULTS_AT");
  if (text != NULL && *text != '\0') read_fault(text);
}

// Writes how many threads the process has.
static void write_threads(const char* path) {
  DIR* const tasks = opendir("/proc/self/task");
  if (tasks == NULL) die("FAULTS_THREADS: cannot list threads");
  long threads = 0;
  for (const struct dirent* entry; (entry = readdir(tasks)) != NULL;) threads += entry->d_name[0] != '.';
  closedir(tasks);
  char text[32];
  const int size = snprintf(text, sizeof text, "%ld\n", threads);
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (fd >= 0 && syscall(SYS_write, fd, text, (size_t)size) < 0) die("FAULTS_THREADS: cannot write");
}

__attribute__((destructor)) static void end(void) {
  const char* threads = getenv("FAULTS_THREADS");
  if (threads != NULL) write_threads(threads);
  const char* path = getenv("FAULTS_COUNT");
  if (path == NULL) return;
  char text[512];
  size_t size = 0;
  for (int k = 0; k < kKinds; ++k) {
    if (counts[k] > 0) size += (size_t)snprintf(text + size, sizeof text - size, "%s %ld\n", kind_names[k], counts[k]);
  }
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (fd >= 0 && syscall(SYS_write, fd, text, size) < 0) die("FAULTS_COUNT: cannot write");
}

// Whether a path (of a file that may not be there) lies in the folder.
static int is_below(const char* path) {
  char whole[2 * PATH_MAX], real[PATH_MAX], folder[PATH_MAX];
  if (below_size == 0 || path == NULL) return 0;
  const int error_number = errno;
  if (*path != '/') {
    if (getcwd(folder, sizeof folder) == NULL) return 0;
    snprintf(whole, sizeof whole, "%s/%s", folder, path);
  } else {
    snprintf(whole, sizeof whole, "%s", path);
  }
  char* slash = strrchr(whole, '/');
  if (realpath(whole, real) == NULL) {  // its folder, then
    *slash = '\0';
    if (realpath(*whole == '\0' ? "/" : whole, real) == NULL) real[0] = '\0';
  }
  errno = error_number;
  return strncmp(real, below, below_size) == 0 && (real[below_size] == '/' || real[below_size] == '\0');
}

static int owned(int fd) { return fd >= 0 && (size_t)fd < sizeof own && own[fd]; }

// Counts a call; 1 where it is to fail with errno set, 2 where it is to be short.
static int fault(int kind, int counted) {
  if (!counted) return 0;
  const long number = ++counts[kind];
  if (kind != fault_kind || !(number == fault_at || (fault_stays && number > fault_at))) return 0;
  if (fault_error < 0) raise(SIGKILL);
  if (fault_error == 0) return 2;
  errno = fault_error;
  return 1;
}

static void commit_moment(void) {
  if (kill_at_commit > 0 && ++commits == kill_at_commit) raise(SIGKILL);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int note_open(int fd, int counted) {
  if (fd >= 0 && (size_t)fd < sizeof own) own[fd] = (char)counted;
  return fd;
}

#define OPEN_MODE(flags)                                   \
  mode_t mode = 0;                                         \
  if ((flags) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {  \
    va_list rest;                                          \
    va_start(rest, flags);                                 \
    mode = va_arg(rest, mode_t);                           \
    va_end(rest);                                          \
  }                                                        \
  const int counted = is_below(path);                      \
  if (fault(kOpen, counted)) return -1;

int open(const char* path, int flags, ...) {
  OPEN_MODE(flags)
  return note_open((int)syscall(SYS_openat, AT_FDCWD, path, flags, mode), counted);
}
int open64(const char* path, int flags, ...) {
  OPEN_MODE(flags)
  return note_open((int)syscall(SYS_openat, AT_FDCWD, path, flags, mode), counted);
}

static FILE* open_file(FILE* (*next)(const char*, const char*), const char* path, const char* mode) {
  const int counted = is_below(path);
  if (fault(kOpen, counted)) return NULL;
  FILE* file = next(path, mode);
  if (file != NULL) note_open(fileno(file), counted);
  return file;
}
FILE* fopen(const char* path, const char* mode) { return open_file(NEXT(fopen), path, mode); }
FILE* fopen64(const char* path, const char* mode) { return open_file(NEXT(fopen64), path, mode); }

int fcntl(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  const int result = NEXT(fcntl)(fd, command, argument);
  return command == F_DUPFD_CLOEXEC || command == F_DUPFD ? note_open(result, owned(fd)) : result;
}
int fcntl64(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  return fcntl(fd, command, argument);
}

#define TRANSFER(kind, call)                                      \
  const int failed = fault(kind, owned(fd));                      \
  if (failed == 1) return -1;                                     \
  if (failed == 2 && size > 1) size /= 2;                         \
  return call;

ssize_t read(int fd, void* out, size_t size) { TRANSFER(kRead, NEXT(read)(fd, out, size)) }
ssize_t write(int fd, const void* from, size_t size) { TRANSFER(kWrite, NEXT(write)(fd, from, size)) }
ssize_t pread(int fd, void* out, size_t size, off_t at) { TRANSFER(kPread, NEXT(pread)(fd, out, size, at)) }
ssize_t pread64(int fd, void* out, size_t size, off64_t at) { TRANSFER(kPread, NEXT(pread64)(fd, out, size, at)) }
ssize_t pwrite(int fd, const void* from, size_t size, off_t at) { TRANSFER(kPwrite, NEXT(pwrite)(fd, from, size, at)) }
ssize_t pwrite64(int fd, const void* from, size_t size, off64_t at) {
  TRANSFER(kPwrite, NEXT(pwrite64)(fd, from, size, at))
}

int fsync(int fd) {
  if (fault(kSync, owned(fd)) == 1) return -1;
  return no_sync ? 0 : NEXT(fsync)(fd);
}
int fdatasync(int fd) {
  if (fault(kSync, owned(fd)) == 1) return -1;
  commit_moment();
  const int result = no_sync ? 0 : NEXT(fdatasync)(fd);
  commit_moment();
  return result;
}
int sync_file_range(int fd, off64_t begin, off64_t size, unsigned flags) {
  return no_sync ? 0 : NEXT(sync_file_range)(fd, begin, size, flags);
}

#define PUBLISH(kind, call)                                         \
  if (fault(kind, is_below(from) || is_below(to)) == 1) return -1;  \
  commit_moment();                                                  \
  const int result = call;                                          \
  commit_moment();                                                  \
  return result;

int rename(const char* from, const char* to) { PUBLISH(kRename, NEXT(rename)(from, to)) }
int link(const char* from, const char* to) { PUBLISH(kLink, NEXT(link)(from, to)) }

int mkdir(const char* path, mode_t mode) { return fault(kMkdir, is_below(path)) == 1 ? -1 : NEXT(mkdir)(path, mode); }
int unlink(const char* path) { return fault(kUnlink, is_below(path)) == 1 ? -1 : NEXT(unlink)(path); }
int remove(const char* path) { return fault(kUnlink, is_below(path)) == 1 ? -1 : NEXT(remove)(path); }
int rmdir(const char* path) { return fault(kRmdir, is_below(path)) == 1 ? -1 : NEXT(rmdir)(path); }
int unlinkat(int folder, const char* path, int flags) {
  char whole[2 * PATH_MAX];
  snprintf(whole, sizeof whole, "/proc/self/fd/%d/%s", folder, path);
  const int counted = is_below(*path == '/' || folder == AT_FDCWD ? path : whole);
  return fault(flags & AT_REMOVEDIR ? kRmdir : kUnlink, counted) == 1 ? -1 : NEXT(unlinkat)(folder, path, flags);
}
int flock(int fd, int how) { return fault(kFlock, owned(fd)) == 1 ? -1 : NEXT(flock)(fd, how); }
int ftruncate(int fd, off_t size) { return fault(kFtruncate, owned(fd)) == 1 ? -1 : NEXT(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return fault(kFtruncate, owned(fd)) == 1 ? -1 : NEXT(ftruncate64)(fd, size); }
void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) {
  if (!(flags & MAP_ANONYMOUS) && fault(kMmap, owned(fd)) == 1) return MAP_FAILED;
  return (void*)syscall(SYS_mmap, at, size, protection, flags, fd, offset);  // dlsym() may itself map memory
}
int close(int fd) {
  const int failed = fault(kClose, owned(fd)) == 1;
  const int error_number = errno;
  note_open(fd, 0);
  const int result = NEXT(close)(fd);  // as close() does, which lets go of the descriptor also where it fails
  if (!failed) return result;
  errno = error_number;
  return -1;
}
