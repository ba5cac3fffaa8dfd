// Files that ship with ftok: models, vocabularies, the sample. They lie in share/ftok beside an installed binary and in
// share/ of a source tree; $FTOK_SHARE overrides both.
#pragma once

#include <string>

namespace ftok::cli {

// The path of a bundled file ("vocab/ftok-100k.tiktoken"), or "" when there is none of that name.
std::string bundled_file(const std::string& relative);

}  // namespace ftok::cli
