// group_keys: the records of all runs, a batch of neighbouring keys at a time. A batch is copied out of the runs in
// their order and sorted by key, stably, so that each key's records end up in the order of their documents.
#include <algorithm>
#include <bit>
#include <cassert>
#include <queue>

#include "dedup/passes.h"
#include "dedup/passes/sort.h"

namespace ftok {
namespace {

constexpr size_t kBatch = size_t{1} << 15;  // records wanted in a batch: it stays in the second-level cache

// The records of one key, in the order of their places -> edges.
class KeyGroup {
 public:
  KeyGroup(const GroupOptions& options, EdgeTable& edges, GroupCounts& counts)
      : inputs_(options.inputs),
        begin_(options.first_document),
        end_(options.end_document),
        ranks_(options.ranks),
        edges_(edges),
        counts_(counts) {}

  // One record after the other, where documents have no ranks.
  void add(uint64_t key, uint64_t place) {
    const uint64_t document = document_of(place);
    if (!open_ || key != key_ || document >= first_.end) {
      open_ = true;
      key_ = key;
      first_ = begin(document);
      return;
    }
    if (document != first_.document) add_edge(place, first_.document);
  }

  // All records of a key at once, where they have: for_each(visit) calls visit(place) for each, whenever it is called.
  template <typename ForEach>
  void add_ranked(ForEach&& for_each) {
    firsts_.clear();
    for_each([&](uint64_t place) {
      const uint64_t document = document_of(place);
      if (firsts_.empty() || document >= firsts_.back().end) {
        firsts_.push_back(begin(document));
      } else if (document != firsts_.back().document && ranks_->before(document, firsts_.back().document)) {
        firsts_.back().document = document;
      }
    });
    auto first = firsts_.begin();
    for_each([&](uint64_t place) {
      const uint64_t document = document_of(place);
      while (document >= first->end) ++first;
      if (document != first->document) add_edge(place, first->document);
    });
  }

 private:
  // The first document that has the key, of those that are compared with each other.
  struct First {
    uint64_t document = 0;
    uint64_t end = UINT64_MAX;  // documents from here on are not compared with it
  };

  First begin(uint64_t document) {
    First first{document};
    bool last_input = true;
    if (!inputs_.empty()) {
      const auto next = std::upper_bound(inputs_.begin(), inputs_.end(), document);
      last_input = next == inputs_.end();
      if (!last_input) first.end = *next;
    }
    counts_.keys += last_input ? 1 : 0;
    return first;
  }

  void add_edge(uint64_t place, uint64_t first) {
    const uint64_t document = document_of(place);
    if (document >= begin_ && document < end_) edges_.add({place, first});
  }

  std::span<const uint64_t> inputs_;
  uint64_t begin_, end_;  // of the documents whose edges are wanted
  const DocumentRanks* ranks_;
  EdgeTable& edges_;
  GroupCounts& counts_;
  bool open_ = false;
  uint64_t key_ = 0;
  First first_;
  std::vector<First> firsts_;
};

class Grouper {
 public:
  Grouper(std::span<const KeyRun> runs, const GroupOptions& options, EdgeTable& edges)
      : runs_(runs), options_(options), at_(runs.size(), 0), group_(options, edges, counts_) {}

  GroupCounts run(uint64_t begin, uint64_t last) {
    for (const KeyRun& run : runs_) counts_.records += run.records.size();
    const uint64_t batch = std::clamp<uint64_t>(options_.records_max / 4, 1, kBatch);
    const uint64_t batches = counts_.records / batch + 1;
    const uint64_t width = (last - begin) / batches + 1;  // of the keys in a batch; 0: all, 2^64
    for (uint64_t at = begin;; at += width) {
      const uint64_t batch_last = width == 0 || last - at < width ? last : at + width - 1;
      take(at, batch_last);
      if (batch_last == last) break;
    }
    return counts_;
  }

 private:
  void take(uint64_t begin, uint64_t last) {
    const std::vector<size_t> before = at_;
    batch_.clear();
    for (size_t i = 0; i < runs_.size(); ++i) {
      const std::span<const KeyRecord> records = runs_[i].records;
      const uint64_t base = place_of(runs_[i].base, 0);
      size_t at = at_[i];
      for (; at < records.size() && records[at].key <= last; ++at) {
        assert(records[at].key >= begin);
        batch_.push_back({records[at].key, records[at].place + base});
      }
      at_[i] = at;
      if (batch_.size() > options_.records_max) {
        at_ = before;
        merge(last);
        return;
      }
    }
    scratch_.resize(std::max(scratch_.size(), batch_.size()));
    const unsigned bits = static_cast<unsigned>(std::bit_width(begin ^ last));
    sort_by_key(batch_.data(), scratch_.data(), batch_.size(), bits);
    if (options_.ranks == nullptr) {
      for (const KeyRecord& record : batch_) group_.add(record.key, record.place);
      return;
    }
    for (size_t from = 0, end = 0; from < batch_.size(); from = end) {
      while (end < batch_.size() && batch_[end].key == batch_[from].key) ++end;
      group_.add_ranked([&](auto&& visit) {
        for (size_t i = from; i < end; ++i) visit(batch_[i].place);
      });
    }
  }

  // The same, one record at a time: for keys that very many documents share.
  void merge(uint64_t last) {
    batch_ = {};
    using Head = std::pair<uint64_t, size_t>;  // a key and the run that has it next
    std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
    const auto push = [&](size_t i) {
      if (at_[i] < runs_[i].records.size() && runs_[i].records[at_[i]].key <= last) {
        heads.emplace(runs_[i].records[at_[i]].key, i);
      }
    };
    for (size_t i = 0; i < runs_.size(); ++i) push(i);
    std::vector<KeyRun> same;  // the records of one key
    while (!heads.empty()) {
      const uint64_t key = heads.top().first;
      same.clear();
      while (!heads.empty() && heads.top().first == key) {
        const size_t i = heads.top().second;
        heads.pop();
        const size_t from = at_[i];
        while (at_[i] < runs_[i].records.size() && runs_[i].records[at_[i]].key == key) ++at_[i];
        same.push_back({runs_[i].records.subspan(from, at_[i] - from), runs_[i].base});
        push(i);
      }
      const auto for_each = [&](auto&& visit) {
        for (const KeyRun& run : same) {
          for (const KeyRecord& record : run.records) visit(record.place + place_of(run.base, 0));
        }
      };
      if (options_.ranks != nullptr) {
        group_.add_ranked(for_each);
      } else {
        for_each([&](uint64_t place) { group_.add(key, place); });
      }
    }
  }

  std::span<const KeyRun> runs_;
  const GroupOptions& options_;
  std::vector<size_t> at_;  // how far each run is taken
  std::vector<KeyRecord> batch_, scratch_;
  GroupCounts counts_;
  KeyGroup group_;
};

}  // namespace

void DocumentRanks::add(std::span<const uint64_t> ranks) {
  pieces_.push_back({documents_, ranks.data()});
  documents_ += ranks.size();
}

uint64_t DocumentRanks::of(uint64_t document) const {
  assert(document < documents_);
  const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), document,
                                      [](uint64_t number, const Piece& piece) { return number < piece.begin; });
  const Piece& piece = *std::prev(after);
  return piece.ranks[document - piece.begin];
}

EdgeTable::EdgeTable(std::vector<uint64_t> ends) : ends_(std::move(ends)), edges_(ends_.size()) {
  assert(!ends_.empty() && std::is_sorted(ends_.begin(), ends_.end()));
  constexpr unsigned kTableBits = 16;
  const unsigned bits = static_cast<unsigned>(std::bit_width(ends_.back()));
  shift_ = bits > kTableBits ? bits - kTableBits : 0;
  first_range_.resize((ends_.back() >> shift_) + 1);
  size_t range = 0;
  for (size_t i = 0; i < first_range_.size(); ++i) {
    while (range + 1 < ends_.size() && ends_[range] <= i << shift_) ++range;
    first_range_[i] = static_cast<uint32_t>(range);
  }
}

size_t EdgeTable::range_of(uint64_t document) const {
  assert(document < ends_.back());
  size_t range = first_range_[document >> shift_];
  while (ends_[range] <= document) ++range;
  return range;
}

void EdgeTable::add(KeyEdge edge) {
  Edges& edges = edges_[range_of(document_of(edge.place))];
  if (edges.in_last == kPiece) {
    edges.pieces.push_back(std::make_unique_for_overwrite<KeyEdge[]>(kPiece));
    edges.in_last = 0;
  }
  edges.pieces.back()[edges.in_last++] = edge;
  ++size_;
}

void EdgeTable::for_each(size_t range, const std::function<void(std::span<const KeyEdge>)>& visit) const {
  const Edges& edges = edges_[range];
  for (size_t i = 0; i < edges.pieces.size(); ++i) {
    visit({edges.pieces[i].get(), i + 1 == edges.pieces.size() ? edges.in_last : kPiece});
  }
}

GroupCounts group_keys(std::span<const KeyRun> runs, uint64_t begin, uint64_t last, const GroupOptions& options,
                       EdgeTable& edges) {
  return Grouper(runs, options, edges).run(begin, last);
}

}  // namespace ftok
