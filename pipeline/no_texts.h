// Inputs that were read and gave no text: a wrong key or column, another format, a column of nulls. A command that met
// nothing else has failed, and has committed nothing.
#pragma once

#include "document/stats.h"

namespace ftok {

// Whether there are documents and every one was dropped for what the reader found: "text.no_text", "text.bad_json" and
// the other reasons of that name. Texts of another stage (output.start_after) are texts.
bool has_no_texts(const Tally& tally);

// What a command is told by where texts are, what they are and how large a record may be: flags, or keys of its recipe.
struct TextSettings {
  const char *text_key, *format, *record_bytes_max;
};
inline constexpr TextSettings kTextFlags = {"--text-key", "--format", "--record-bytes-max"};
inline constexpr TextSettings kTextKeys = {"--text-key", "--set input.format", "--set input.record_bytes_max"};

// Throws Error where has_no_texts(): with the reasons, and the settings that help.
void refuse_without_texts(const Tally& tally, const TextSettings& settings);

}  // namespace ftok
