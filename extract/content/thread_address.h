// Addresses of conversations: pages whose posts are what they are about (a forum's thread, a question with its answers,
// an issue and its discussion), told from articles with readers' comments under them.
#pragma once

#include <string_view>

namespace ftok::html {

// Whether an address is that of a thread as forum, question and issue software writes it: a host named "forum" or
// "community", a part of the path that is "threads", "viewtopic", "questions", "t".
bool is_thread_address(std::string_view address);

}  // namespace ftok::html
