#include "core/reason.h"

#include <algorithm>
#include <mutex>
#include <ostream>
#include <set>
#include <string>

namespace ftok {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= Reason::kBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

struct Names {
  std::mutex mutex;
  std::set<std::string, std::less<>> interned;  // a node stays where it is
};

// Never destroyed: reasons may be read while other static objects go.
Names& names() {
  static auto* const all = new Names;
  return *all;
}

}  // namespace

std::optional<Reason> Reason::intern(std::string_view name) {
  if (!is_name(name)) return std::nullopt;
  Names& all = names();
  const std::lock_guard lock(all.mutex);
  auto found = all.interned.find(name);
  if (found == all.interned.end()) {
    if (all.interned.size() >= kInternedMax) return std::nullopt;
    found = all.interned.emplace(name).first;
  }
  return of_static(found->c_str());
}

std::ostream& operator<<(std::ostream& out, Reason reason) { return out << reason.view(); }

}  // namespace ftok
