#include "core/worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/shown.h"
#include "core/signals.h"

extern char** environ;

namespace ftok {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10;
constexpr size_t kWordsKept = 4096;

void close_end(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

std::string how_it_ended(int status) {
  return WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                             : fmt::format("exit code {}", WEXITSTATUS(status));
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

size_t EmptyLineEnd::whole(std::string_view written) {
  if (written.starts_with('\n')) return 1;
  const size_t end = written.find("\n\n", known_ == 0 ? 0 : known_ - 1);
  known_ = end == std::string_view::npos ? written.size() : 0;
  return end == std::string_view::npos ? 0 : end + 2;
}

// Its input is a socket, since a write to one can fail without a signal; its output and its standard error are pipes.
Worker::Worker(const std::vector<std::string>& command) {
  int in[2], out[2], err[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0) throw_errno("cannot make a socket", errno);
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) throw_errno("cannot make a pipe", errno);
  in_ = in[0], out_ = out[0], err_ = err[0];
  for (const int fd : {in_, out_, err_}) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in[1], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const int problem = ::posix_spawnp(&pid_, arguments[0], &actions, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  for (const int fd : {in[1], out[1], err[1]}) ::close(fd);
  if (problem == 0) return;
  pid_ = -1;
  close_end(in_), close_end(out_), close_end(err_);
  throw Error(fmt::format("cannot start {}: {}", printable(command[0]), std::strerror(problem)));
}

Worker::~Worker() {
  close_end(in_);
  if (pid_ > 0) {
    // A worker ends when its input does; it may still want to say something, to nobody.
    close_end(out_);
    close_end(err_);
    constexpr int kTicks = 100;
    for (int tick = 0; tick < kTicks && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++tick) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      if (tick == kTicks - 1) kill_group();
    }
    ::kill(-pid_, SIGKILL);  // what it has started itself
  }
  close_end(out_);
  close_end(err_);
}

void Worker::kill_group() {
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// False where it reads no more.
bool Worker::send(std::string_view& request) {
  while (!request.empty()) {
    const ssize_t sent = ::send(in_, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent < 0) return would_block();
    request.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool Worker::receive(std::string& answer) {
  char buffer[kReadBytes];
  const ssize_t got = ::read(out_, buffer, sizeof buffer);
  if (got < 0) return would_block();
  answer.append(buffer, static_cast<size_t>(got));
  return got > 0;
}

// Takes what lies in its standard error, so that a flood of it never blocks the worker.
void Worker::listen() {
  if (err_ < 0) return;
  char buffer[kReadBytes];
  const ssize_t got = ::read(err_, buffer, sizeof buffer);
  if (got == 0 || (got < 0 && !would_block())) return close_end(err_);
  if (got < 0) return;
  words_.append(buffer, static_cast<size_t>(got));
  if (words_.size() > kWordsKept) words_.erase(0, words_.size() - kWordsKept);
}

bool Worker::ends_with(size_t whole, const AnswerEnd& end, std::string& answer) {
  early_.assign(answer, whole);
  answer.resize(whole);
  return early_.empty() || end.precedes(early_);
}

Worker::End Worker::exchange(std::string_view request, AnswerEnd& end, size_t bytes_max, std::chrono::seconds timeout,
                             std::string& answer) {
  using Clock = std::chrono::steady_clock;
  answer = std::exchange(early_, {});
  if (!receive(answer)) return End::kDied;
  if (!answer.empty() && !end.precedes(answer)) return End::kUnasked;
  Clock::time_point last = Clock::now();
  bool reads = true;
  while (true) {
    pollfd ends[3] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}, {reads && !request.empty() ? in_ : -1, POLLOUT, 0}};
    const int ready = ::poll(ends, 3, static_cast<int>(kStopPollInterval.count()));
    if (waits_end()) throw Stopped();
    if (ready == 0 && Clock::now() - last > timeout) return End::kHung;
    const size_t before = request.size() + answer.size();
    if (ends[1].revents != 0) listen();
    if (ends[2].revents != 0) reads = send(request);
    if (ends[0].revents != 0 && !receive(answer)) return End::kDied;
    if (answer.size() > bytes_max) return End::kTooLong;
    if (request.size() + answer.size() != before) last = Clock::now();
    if (ends[1].revents != 0 && Clock::now() - last > timeout) return End::kHung;
    const size_t whole = answer.empty() ? 0 : end.whole(answer);
    if (whole == 0) continue;
    return request.empty() && ends_with(whole, end, answer) ? End::kAnswered : End::kUnasked;
  }
}

Worker::End Worker::exchange(std::string_view request, size_t bytes_max, std::chrono::seconds timeout,
                             std::string& answer) {
  EmptyLineEnd end;
  const End how = exchange(request, end, bytes_max, timeout, answer);
  if (how == End::kAnswered) answer.pop_back();
  return how;
}

std::string Worker::how_it_died() {
  listen();
  int status = 0;
  pid_t died = 0;
  constexpr int kTicks = 100;  // its output may end before it does
  for (int tick = 0; tick < kTicks && (died = ::waitpid(pid_, &status, WNOHANG)) == 0; ++tick) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    listen();
  }
  if (died == 0) {
    kill_group();
    pid_ = -1;
    return "its output closed";
  }
  ::kill(-pid_, SIGKILL);
  pid_ = -1;
  listen();
  return how_it_ended(status);
}

void Worker::end_input() { close_end(in_); }

bool Worker::end(std::chrono::steady_clock::time_point deadline, std::string& how) {
  constexpr int kTickMs = 10;
  end_input();
  bool writes = true;
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::waitpid(pid_, &status, WNOHANG)) == 0 && std::chrono::steady_clock::now() < deadline &&
         !waits_end()) {
    pollfd ends[2] = {{writes ? out_ : -1, POLLIN, 0}, {err_, POLLIN, 0}};
    ::poll(ends, 2, kTickMs);
    std::string unheard;
    if (ends[0].revents != 0) writes = receive(unheard);
    if (ends[1].revents != 0) listen();
  }
  how = ended == 0 || status == 0 ? "" : how_it_ended(status);
  if (ended == 0) kill_group();
  ::kill(-pid_, SIGKILL);  // what it has started itself
  pid_ = -1;
  listen();
  return ended != 0;
}

std::string Worker::last_words() const {
  std::string_view words = words_;
  while (!words.empty() && static_cast<unsigned char>(words.back()) <= ' ') words.remove_suffix(1);
  words.remove_prefix(words.rfind('\n') == std::string_view::npos ? 0 : words.rfind('\n') + 1);
  constexpr size_t kShown = 200;
  return printable(words.substr(0, kShown));
}

}  // namespace ftok
