// OptOut: which hosts keep a crawler from all of their pages, out of archives of robots.txt files, such as the
// `robotstxt` WARC files of a Common Crawl crawl. One list for each crawler that was asked for; the stage `url` applies
// them (url.optout_lists).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "document/document.h"

namespace ftok {

class OptOut {
 public:
  // Product tokens: "CCBot". Letters, digits, '-' and '_', at most 63 of them and 64 tokens; else throws UsageError.
  explicit OptOut(std::vector<std::string> agents);

  // Takes a record whose payload is a robots.txt file as a crawler fetched it. Of several of one host the one with the
  // latest date counts, of those the one that came last. Others are counted, and change nothing. Throws Error above
  // kHostsMax hosts, of about 150 bytes each.
  static constexpr size_t kHostsMax = 200'000'000;
  void add(const Document& document);

  struct Counts {
    uint64_t files = 0;       // robots.txt files that were read
    uint64_t unanswered = 0;  // no success (RFC 9309, section 2.3.1): redirects, errors, damaged bodies
    uint64_t others = 0;      // records of something else
  };
  const Counts& counts() const { return counts_; }
  size_t hosts() const { return hosts_.size(); }

  // The list of one crawler: lines of hosts, in order, below lines that begin with "#" and say what it is. The same
  // records give the same bytes, in any order as far as dates tell them apart.
  std::string list(size_t agent) const;
  const std::vector<std::string>& agents() const { return agents_; }
  size_t listed(size_t agent) const;

 private:
  struct Host {
    std::string date;
    uint64_t opts_out = 0, by_name = 0;  // a bit for each agent
  };
  std::vector<std::string> agents_;
  std::map<std::string, Host, std::less<>> hosts_;
  std::string newest_;
  Counts counts_;
};

}  // namespace ftok
