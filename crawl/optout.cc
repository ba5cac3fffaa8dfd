#include "crawl/optout.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/ascii.h"
#include "core/error.h"
#include "crawl/http.h"
#include "crawl/robots.h"

namespace ftok {
namespace {

constexpr size_t kAgentsMax = 64, kAgentBytesMax = 63;
constexpr size_t kBodyBytesMax = size_t{512} << 10;  // robots_verdict reads no more

// The host of "scheme://user@host:port/robots.txt"; empty where the path is another one.
std::string robots_host(std::string_view url) {
  const size_t slashes = url.find("://");
  if (slashes == std::string_view::npos) return {};
  url.remove_prefix(slashes + 3);
  const size_t path = std::min(url.find_first_of("/?#"), url.size());
  if (!url.substr(path).starts_with("/robots.txt")) return {};
  std::string_view host = url.substr(0, path);
  if (const size_t user = host.rfind('@'); user != std::string_view::npos) host.remove_prefix(user + 1);
  if (!host.starts_with('[')) host = host.substr(0, host.find(':'));
  while (host.ends_with('.')) host.remove_suffix(1);
  const bool is_plain =
      std::all_of(host.begin(), host.end(), [](char c) { return static_cast<unsigned char>(c) > ' '; });
  return is_plain && !host.starts_with('#') ? lower_ascii(host) : std::string();
}

// Whether the body could be had, without chunks and codings, as far as robots.txt is read.
bool decoded_body(const HttpHead& head, std::string_view stored, std::string& out) {
  std::string scratch;
  out.assign(stored);
  if (dechunk(stored, scratch).chunked) out.swap(scratch);
  std::vector<std::string> codings = content_codings(head.field("Content-Encoding"));
  for (; !codings.empty(); codings.pop_back()) {
    const ContentDecoded decoded = decode_content(codings.back(), out, kBodyBytesMax, scratch);
    if (decoded.kind == ContentDecoded::Kind::kDamaged) return false;
    if (decoded.kind != ContentDecoded::Kind::kIdentity) out.swap(scratch);
  }
  return true;
}

}  // namespace

OptOut::OptOut(std::vector<std::string> agents) : agents_(std::move(agents)) {
  if (agents_.empty() || agents_.size() > kAgentsMax)
    throw UsageError(fmt::format("--agent: got {} names, expected 1 to {}", agents_.size(), kAgentsMax));
  for (const std::string& agent : agents_) {
    const bool is_token =
        !agent.empty() && agent.size() <= kAgentBytesMax &&
        std::all_of(agent.begin(), agent.end(), [](char c) { return is_alpha(c) || c == '-' || c == '_'; });
    if (!is_token)
      throw UsageError(
          fmt::format("--agent: got '{}', expected a product token of letters, - and _ such as CCBot", agent));
  }
}

void OptOut::add(const Document& document) {
  const std::string host = robots_host(document.url);
  const Result<HttpHead> head = parse_http_head(document.payload);
  if (host.empty() || document.payload.empty()) {
    ++counts_.others;
    return;
  }
  std::string body;
  if (!head.ok() || head.value().status < 200 || head.value().status > 299 ||
      !decoded_body(head.value(), std::string_view(document.payload).substr(head.value().size), body)) {
    ++counts_.unanswered;
    return;
  }
  ++counts_.files;
  newest_ = std::max(newest_, document.date);
  if (hosts_.size() >= kHostsMax) throw Error(fmt::format("optout: more than {} hosts", kHostsMax));
  Host& known = hosts_[host];
  if (document.date < known.date) return;
  known = {document.date};
  for (size_t i = 0; i < agents_.size(); ++i) {
    const RobotsVerdict verdict = robots_verdict(body, agents_[i]);
    if (verdict.disallows_all) known.opts_out |= uint64_t{1} << i;
    if (verdict.by_name) known.by_name |= uint64_t{1} << i;
  }
}

size_t OptOut::listed(size_t agent) const {
  return static_cast<size_t>(std::count_if(hosts_.begin(), hosts_.end(),
                                           [&](const auto& host) { return (host.second.opts_out >> agent & 1) != 0; }));
}

std::string OptOut::list(size_t agent) const {
  size_t named = 0;
  std::string lines;
  for (const auto& [name, host] : hosts_) {
    if ((host.opts_out >> agent & 1) == 0) continue;
    named += host.by_name >> agent & 1;
    lines += name + "\n";
  }
  return fmt::format(
             "# Hosts that keep {} from all of their pages, by robots.txt (ftok optout build).\n# newest robots.txt: "
             "{}\n"
             "# hosts: {} of {}; by its name: {}\n",
             agents_[agent], newest_.empty() ? "none" : newest_, listed(agent), hosts_.size(), named) +
         lines;
}

}  // namespace ftok
