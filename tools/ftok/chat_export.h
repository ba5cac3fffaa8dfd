// ftok's chat templates as programs in Jinja, for transformers and llama.cpp.
#pragma once

#include <string>

#include "tokenizer/chat.h"

namespace ftok::cli {

// The template as transformers wants it: a document begins with the end-of-text token, as in the shards.
std::string jinja_of(const ChatTemplate& form, const std::string& end_of_text);

}  // namespace ftok::cli
