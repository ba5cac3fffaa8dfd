// HttpServer: a small real HTTP/1.1 server on a loopback port that misbehaves as told. Each path has a list of
// behaviours, one a request in order of arrival; the last one stays. Every request is recorded, so that tests count
// instead of timing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ftok::testing {

// How to answer one request.
struct Behaviour {
  int status = 200;
  std::string body;           // the whole object; a range of it is sent when one is asked for
  std::string etag;           // with quotes; also what If-Match is held against
  std::string last_modified;  // what If-Unmodified-Since is held against, by equality
  std::vector<std::pair<std::string, std::string>> headers;  // further ones
  bool ranges = true;                                        // false: answers 200 with everything
  std::optional<uint64_t> cut_at;          // closes the connection when this many bytes of the *object* are sent
  std::optional<uint64_t> content_length;  // lies about the length
  bool chunked = false;                    // no length, chunked coding
  bool hang = false;                       // sends up to cut_at, then nothing until the client goes
};

struct RecordedRequest {
  std::string method, path;
  std::map<std::string, std::string> headers;  // names in lower case

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

// Starts on construction, stops and joins its threads on destruction. Thread-safe. Also tells libcurl (through the
// environment) not to send loopback requests to a proxy.
class HttpServer {
 public:
  HttpServer();
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void serve(const std::string& path, Behaviour behaviour) {
    serve(path, std::vector<Behaviour>{std::move(behaviour)});
  }
  void serve(const std::string& path, std::vector<Behaviour> behaviours);

  std::string base_url() const;  // "http://127.0.0.1:PORT"
  std::string url(const std::string& path) const { return base_url() + path; }
  std::string host() const;  // "127.0.0.1:PORT"

  std::vector<RecordedRequest> requests() const;
  std::vector<RecordedRequest> requests(const std::string& path) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ftok::testing
