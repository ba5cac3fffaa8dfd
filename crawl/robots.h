// robots.txt: whether a host keeps a crawler from all of its pages (RFC 9309; what it leaves open as Google's parser
// does it). Pure functions; views point into their argument.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

// What a robots.txt says to one crawler.
struct RobotsVerdict {
  bool disallows_all = false;  // the path "/" is disallowed, and nothing below it is allowed
  bool by_name = false;        // by a group that names the crawler, and not by the one for all ("*")
};

// `agent` is a product token such as "CCBot"; letters match in any case. The groups that name it count together, or
// where none does those for "*". Lines that are no rules are passed over. Reads the first `bytes_max` bytes (RFC 9309,
// section 2.5: at least 500 KiB). Linear in the text.
RobotsVerdict robots_verdict(std::string_view text, std::string_view agent, size_t bytes_max = size_t{512} << 10);

}  // namespace ftok
