#include "pipeline/no_texts.h"

#include <fmt/format.h>

#include "core/amounts.h"
#include "core/error.h"

namespace ftok {

bool has_no_texts(const Tally& tally) {
  uint64_t unread = 0;
  for (const auto& [reason, count] : tally.dropped) {
    if (reason.starts_with("text.") && reason != "text.other_stage") unread += count;
  }
  return tally.documents > 0 && unread == tally.documents;
}

void refuse_without_texts(const Tally& tally, const TextSettings& settings) {
  if (!has_no_texts(tally)) return;
  std::string reasons;
  for (const auto& [reason, count] : tally.dropped)
    reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", reason, grouped(count));
  const bool are_too_large = tally.dropped.size() == 1 && tally.dropped.contains("text.too_large");
  throw Error(fmt::format("none of {} documents had a text ({}): see {}", grouped(tally.documents), reasons,
                          are_too_large ? std::string(settings.record_bytes_max)
                                        : fmt::format("{} and {}", settings.text_key, settings.format)));
}

}  // namespace ftok
