// RunLook: what the page of a run asks for: its funnel and how far it is, documents by reason a page at a time, a
// document by its place, and those with an id, an address or a host.
//
// A document's place is {kept or dropped, part, row}. Counts by part and reason (the run's receipts) say in which part
// the n-th document of a reason is, so that no page reads more than one part; where a page ended is remembered.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "view/run_parts.h"
#include "view/run_rows.h"
#include "view/run_scan.h"

namespace ftok {

struct ViewRequest;

struct RunPlace {
  bool is_kept = true;
  uint64_t part = 0, row = 0;
};

// A row of texts or rejects. Empty where the row does not say.
struct RunDocument {
  std::string id, url, date, dump, language, file_path, reason, text, line;  // line: the whole row
  std::optional<uint64_t> offset;
};

// Thread-safe.
class RunLook {
 public:
  static constexpr size_t kPageDocuments = 20;  // of an answer

  explicit RunLook(const std::string& folder) : folder_(folder), scan_(folder_) {}

  // api/run: {"done","inputs","totals","progress","scan",...}
  std::string run() const;

  // api/documents: `at`: the number of the first among those of the kind and reason ("": all).
  // {"documents","at","next","more","total"}, total null where nobody knows it yet.
  std::string documents(bool is_kept, const std::string& reason, uint64_t at) const;

  // api/find: documents whose id, address or host is `text`, or with `anywhere` whose id or address contains it.
  // `from`: "" or "next" of the answer before. {"documents","next","more","searched","files"}
  std::string find(const std::string& text, bool anywhere, const std::string& from) const;

  // api/document: the document with its whole text (up to kDocumentBytesMax). Throws ViewRefusal where there is none.
  std::string document(const RunPlace& place) const;
  RunDocument read(const RunPlace& place) const;

  const RunFolder& folder() const { return folder_; }
  const RunScan& scan() const { return scan_; }

 private:
  // Where in a page of a kind and reason the document number `at` lies.
  struct Cursor {
    uint64_t part = 0, row = 0;
  };
  using CursorKey = std::tuple<bool, std::string, uint64_t>;

  std::optional<uint64_t> rows(const RunFacts& facts, size_t part, bool is_kept, const std::string& reason) const;
  Cursor cursor(const RunFacts& facts, bool is_kept, const std::string& reason, uint64_t at, uint64_t& to_pass) const;
  void remember(const CursorKey& key, const Cursor& cursor) const;

  RunFolder folder_;
  RunScan scan_;
  mutable RunRowReaders readers_;
  mutable std::mutex mutex_;
  mutable std::map<CursorKey, Cursor> cursors_;
};

// The place that `kind`, `part` and `row` of a request name. Throws ViewRefusal.
RunPlace run_place(const ViewRequest& request);

}  // namespace ftok
