// The pack of a pass: the receipts of its tasks in one object, so that the tasks of later passes, of which each reads
// all receipts, need not ask for each. Only in an object store, as RECEIPTS/PASS.pack beside RECEIPTS/PASS/. It decides
// nothing: what it holds of a receipt is taken where the store lists the receipt with the ETag that it had then.
//
// Layout: a line of JSON for each receipt, in the order of their names: {"name","etag","text"}; then {"checksum"} of
// all lines before it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ftok {

inline constexpr std::string_view kReceiptPackEnding = ".pack";

struct PackedReceipt {
  std::string name;  // in its folder: "000003.json"
  std::string etag;
  std::string text;

  bool operator==(const PackedReceipt&) const = default;
};

std::string write_receipt_pack(const std::vector<PackedReceipt>& receipts);
// None where the pack is damaged, or empty.
std::vector<PackedReceipt> parse_receipt_pack(std::string_view file);

// Of a receipt ("receipts/PASS/000003.json", also below another folder) the name of its pack; "" of other files.
std::string receipt_pack_of(std::string_view name);

}  // namespace ftok
