#include "shards/receipt_pack.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

TEST(ReceiptPack, HoldsWhatWasPutIn) {
  const std::vector<PackedReceipt> receipts = {{"000000.json", "\"0a\"", "{\n  \"task\": 0\n}\n"},
                                               {"000001.json", "\"0b-2\"", ""}};
  EXPECT_EQ(parse_receipt_pack(write_receipt_pack(receipts)), receipts);
}

TEST(ReceiptPack, IsNoneWithAnyByteChanged) {
  const std::string whole = write_receipt_pack({{"000000.json", "\"0a\"", "{}"}, {"000001.json", "\"0b\"", "{}"}});
  ASSERT_EQ(parse_receipt_pack(whole).size(), 2u);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_TRUE(parse_receipt_pack(changed).empty()) << at;
    EXPECT_TRUE(parse_receipt_pack(whole.substr(0, at)).empty()) << at;
  }
}

TEST(ReceiptPack, OfReceiptsAlone) {
  EXPECT_EQ(receipt_pack_of("receipts/extract/000003.json"), "receipts/extract.pack");
  EXPECT_EQ(receipt_pack_of("corpora/en/receipts/cut/000003.json"), "corpora/en/receipts/cut.pack");
  for (const char* other : {"receipts/extract.pack", "receipts/extract/000003.jsonl", "receipts/000003.json",
                            "job.json", "attempts/extract/000003.json", "old-receipts/extract/000003.json"}) {
    EXPECT_EQ(receipt_pack_of(other), "") << other;
  }
}

}  // namespace
}  // namespace ftok
