#include "filters/measures/kept_lines.h"

#include <algorithm>
#include <string>

#include "filters/measures/lines.h"

namespace ftok {

void strip_ends(RewrittenLines& kept) {
  const std::string_view text = kept.text;
  const std::string_view middle = strip(text);
  if (middle.size() == text.size()) return;
  const size_t front = middle.empty() ? 0 : static_cast<size_t>(middle.data() - text.data());
  const auto breaks = [](std::string_view part) { return std::count(part.begin(), part.end(), '\n'); };
  const auto before = breaks(text.substr(0, front)), behind = breaks(text.substr(front + middle.size()));
  kept.sources.erase(kept.sources.end() - behind, kept.sources.end());
  kept.sources.erase(kept.sources.begin(), kept.sources.begin() + before);
  kept.text = std::string(middle);
}

}  // namespace ftok
