// Addresses of conversations: pages whose posts are what they are about (a forum's thread, a question with its answers,
// an issue and its discussion), told from articles with readers' comments under them.
#pragma once

#include <string_view>

namespace ftok::html {

// Whether an address is that of a thread as forum, question and issue software writes it: a host named "forum" or
// "community", a part of the path that is "threads", "viewtopic", "questions", "t".
// Issues and tickets are told by the number that ends the path.
bool is_thread_address(std::string_view address);

// Whether a <title> is that of a thread: an issue or a ticket with its number, or a site that calls itself a forum.
bool is_thread_title(std::string_view title);

}  // namespace ftok::html
