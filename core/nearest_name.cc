#include "core/nearest_name.h"

#include <algorithm>

namespace ftok {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// "finewb" for "fineweb-2024-04".
std::string nearest_beginning(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = name.size() / 4 + 1;
  for (const std::string& candidate : candidates) {
    for (size_t size = name.size() - std::min<size_t>(name.size(), 1); size <= name.size() + 1; ++size) {
      if (candidate.size() <= size) break;
      const size_t distance = edit_distance(name, std::string_view(candidate).substr(0, size));
      if (distance >= best_distance) continue;
      best_distance = distance;
      best = candidate;
    }
  }
  return name.size() < 4 ? "" : best;
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best.empty() ? nearest_beginning(name, candidates) : best;
}

}  // namespace ftok
