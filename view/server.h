// The server of `ftok view`: HTTP on a port of this machine, for one person's browser. What it lets through:
//
//   - who knows the token. It stands in the address that is printed, and the page sends it with every request
//   (X-Ftok-Token);
//     no cookie holds it, so no other page can make the browser send it. Compared in constant time.
//   - requests whose Host is this machine's (127.0.0.1, localhost, [::1], what it listens on) or one that was allowed,
//   so
//     that no name of an attacker can be pointed here (DNS rebinding), and whose Origin, if any, is that host.
//   - GET of the page and of answers, POST of a text; without Transfer-Encoding, Content-Encoding or a form; bodies up
//   to
//     kViewTextBytesMax.
//
// Answers come from ViewAnswers alone: no path of a request is ever a path of a file. The page may load nothing from
// anywhere (Content-Security-Policy).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "view/view_answers.h"

namespace ftok {

struct ViewServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;                          // 0: kViewPort, or a free one where that is taken
  std::vector<std::string> allow_hosts;  // further names by which browsers reach it: a proxy's
  std::string base_path;                 // what a proxy puts before every path: "/user/me/proxy/8421"
  std::string token;                     // "": drawn (32 hexadecimal digits)
};

inline constexpr int kViewPort = 8421;

class ViewServer {
 public:
  // Listens. `answers` outlives it. Throws UsageError naming the flag, Error when the port cannot be had.
  ViewServer(const ViewAnswers& answers, ViewServerOptions options);
  ~ViewServer();
  ViewServer(const ViewServer&) = delete;
  ViewServer& operator=(const ViewServer&) = delete;

  int port() const;
  std::string address() const;  // with the token: for the browser

  void run();   // serves until stop()
  void stop();  // once, from another thread; waits until run() has begun

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether two texts are the same, in a time that depends on their lengths alone.
bool same_in_constant_time(std::string_view a, std::string_view b);

}  // namespace ftok
