// A data card: what README.md beside a corpus says, from its manifest and its kept texts: where it comes from, what
// became of every record, which languages and licences there are, how to load it. Its head (YAML) is what a hub of data
// sets reads, so that a folder can be uploaded as it is.
#pragma once

#include <string>

namespace ftok {

struct CardOptions {
  std::string name;                 // of the data set; empty: the folder's
  std::string license = "unknown";  // as the hub names licences: "odc-by", "cc-by-4.0"
};

// Of a finished output folder of `ftok run`, `tokenize`, `mix`, a job or a conversion. The same folder gives the same
// text. Throws Error naming what is missing.
std::string data_card(const std::string& folder, const CardOptions& options);

inline constexpr char kCardName[] = "README.md";
inline constexpr char kCardMark[] = "<!-- written by `ftok card` -->";  // a line of every card: what may be replaced

}  // namespace ftok
