// Tokens as the page draws them, in bytes: a megabyte of text is a quarter of a million tokens, and they are there
// between two keystrokes.
//
//   uint32 length of the head; the head, JSON in UTF-8, filled with spaces to a multiple of 4 with the length;
//   uint32 ids[tokens]; uint32 ends[tokens]: where each token ends in the bytes; then the bytes, where the head has
//   "bytes"
//
// All little-endian. The head: "tokens", "characters", "bytes_in", "name", "specials" (ids in the text that are special
// tokens), "cuts" (whether the text may be cut between a line feed and what is no white space, and its tokens stay the
// same), "own_bytes" (whether the bytes follow; else they are those of the text that was sent). Of a conversation
// also "roles", and behind the ends a byte per token: its role (0: the template; else 1 + index), 128 added where
// training counts it.
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/chat.h"
#include "tokenizer/encoding.h"

namespace ftok {

std::string token_answer(const Encoding& encoding, std::string_view text, Specials specials);

std::string chat_answer(const Encoding& encoding, const EncodedChat& chat);

}  // namespace ftok
