// UrlStage ("url"): drops a document by its URL alone, before anything of it is parsed.
//
// In order, the rules of FineWeb (datatrove's URLFilter), each with a reason of its own:
//   url.domain      the registered domain, or the whole host name, is on a domain list
//   url.url         the URL as it stands is on a URL list
//   url.hard_word   one of the URL's words is a hard word
//   url.soft_words  at least `soft_words_min` different soft words are among its words
//   url.substring   a banned substring occurs in its letters and digits, across whatever parts them
//   url.optout      ftok's own, and last: the host is on a list of hosts that opt out, and `optout_drop` is set
// Words are the runs of ASCII letters and digits of the URL, compared as they stand with lists that are lower case: an
// upper case word matches nothing (so in datatrove). The registered domain is one label below the longest suffix in the
// ICANN part of the public suffix list; a host without one (an address, "localhost") has no domain, so domain lists say
// nothing of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "document/stage_kind.h"
#include "filters/url_lists.h"

namespace ftok {

// Registered domains by the public suffix list. Thread-safe.
class PublicSuffixes {
 public:
  // The list libpsl was built with for "", else a file; throws Error naming it.
  explicit PublicSuffixes(const std::string& path = "");
  ~PublicSuffixes();
  PublicSuffixes(const PublicSuffixes&) = delete;
  PublicSuffixes& operator=(const PublicSuffixes&) = delete;

  // The registered domain of a lower-case host, a view into it; empty when it has none.
  std::string_view registered_domain(const std::string& host) const;

  // What the list is, for the manifest: the SHA-1 libpsl states for its built-in list, or the SHA-256 of the file.
  const std::string& digest() const { return digest_; }

 private:
  void* list_ = nullptr;  // psl_ctx_t, an unnamed struct in C
  bool owned_ = false;
  std::string digest_;
};

// The host of a URL in lower case: between the scheme's "//" (which may be missing) and the path, without user, port
// and trailing dots; ideographic full stops count as dots. Brackets of an IPv6 address stay.
std::string host_of_url(std::string_view url);

class UrlStage : public Stage {
 public:
  // Reads the lists. A list that is missing is in lists().reports() and matches nothing.
  explicit UrlStage(UrlOptions options);

  std::string_view name() const override { return "url"; }

  // Reads document.url only; a document without one is kept. Verdict::detail is what matched. With lists of hosts that
  // opt out it adds a score, 1 for those hosts and 0 for others.
  Verdict process(Document& document, Report* report) const override;
  using Stage::process;

  // The stage of a recipe: lists that `context` has fetched are found by their names.
  static std::unique_ptr<const Stage> make(UrlOptions options, const StageContext& context);

  void describe(Provenance& provenance) const override;

  // The list that an entry which decided stands in; "" for words that no list holds.
  std::string list_of(const Verdict& verdict) const;

  const UrlLists& lists() const { return *lists_; }
  const PublicSuffixes& public_suffixes() const { return *suffixes_; }

 private:
  std::string listed_domain(std::string_view url) const;
  std::string listed_url(std::string_view url) const;
  void judge_optout(Document& document, Judge& judge) const;

  UrlOptions options_;
  std::shared_ptr<const UrlLists> lists_;
  std::shared_ptr<const PublicSuffixes> suffixes_;
  Reason optout_name_ = "url_optout";
};

}  // namespace ftok
