#include "crawl/host_not_found.h"

#include <algorithm>
#include <mutex>
#include <set>

namespace ftok {
namespace {

struct KnownHosts {
  std::mutex mutex;
  std::set<std::string> answered, not_found;
};

KnownHosts& known_hosts() {
  static KnownHosts known;
  return known;
}

}  // namespace

void note_answer_of(const std::string& host) {
  const std::lock_guard lock(known_hosts().mutex);
  known_hosts().answered.insert(host);
}

void note_not_found(const std::string& host) {
  const std::lock_guard lock(known_hosts().mutex);
  known_hosts().not_found.insert(host);
}

int tries_to_find(const std::string& host, int tries_max) {
  const std::lock_guard lock(known_hosts().mutex);
  if (known_hosts().answered.contains(host)) return tries_max;
  return std::min(tries_max, known_hosts().not_found.contains(host) ? 1 : kNoHostTriesMax);
}

}  // namespace ftok
