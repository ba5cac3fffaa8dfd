// Merging long pieces in time linear in their length. The fact it rests on (docs/tokenizer.md): a sequence of symbols
// is the answer if and only if each adjacent two of them are the answer for their own bytes.
//
// So what is done is always the answer for a prefix of the piece, and there are two ways to make it longer:
//  - by windows: its last few symbols and some new bytes are merged together; when that begins with the same symbol,
//    each two
//    neighbours are right, so all is. Else more symbols are taken back.
//  - by chunks, where the processor merges many jobs together: chunks are merged each for itself, and then, again
//    together, the
//    seams: the last symbols of a chunk with the first of the next. When a seam begins and ends with the symbols it was
//    made
//    of, all neighbours are right. Where it does not, windows go on.
// In runs of one character and other repetitions chunks, seams and windows repeat, windows two or three in turn:
// results are used again.
#include <algorithm>
#include <cstring>

#include "tokenizer/encode/bpe_merge.h"

namespace ftok {
namespace {

// New bytes of a window.
constexpr size_t kWindowBytes = 40;
// Symbols a chunk begins with. Repetitions of any divisor of it repeat chunks.
constexpr size_t kChunkSymbols = 24;
constexpr size_t kChunksTogether = 32;
// Symbols of either side in a seam, and the most that it may begin with: a long seam costs more than a window.
constexpr size_t kSeamSymbols = 3, kSeamSymbolsMax = 31;

}  // namespace

struct Merger::Chunk {
  size_t begin, end;
  const MergeJob* job;             // its symbols
  const MergeJob* seam;            // null where windows must go on
  size_t left_count, right_count;  // symbols of the seam that come from the chunk before and from this one
  uint32_t left[kSeamSymbols];     // the former
};

// The symbols of `text`, until the next call.
const std::vector<uint32_t>& Merger::merge_window(std::string_view text, MergeScratch& scratch) const {
  for (const MergeScratch::Window& window : scratch.windows) {
    if (window.text == text) return window.symbols;
  }
  MergeScratch::Window& made = scratch.windows[scratch.next_window];
  scratch.next_window = (scratch.next_window + 1) % scratch.windows.size();
  ++scratch.windows_made;
  const size_t n = merge_span(text, scratch);
  made.symbols.assign(scratch.symbols.begin(), scratch.symbols.begin() + static_cast<ptrdiff_t>(n));
  made.text = text;
  return made.symbols;
}

// Makes what is done reach to `end`. False when more than 16 times the piece has been merged: the caller then uses the
// heap.
bool Merger::extend_by_windows(std::string_view piece, size_t end, MergeScratch& scratch) const {
  std::vector<uint32_t>& done = scratch.done;
  while (scratch.done_bytes < end) {
    size_t taken = std::min<size_t>(2, done.size());
    while (true) {
      size_t taken_bytes = 0;
      for (size_t i = done.size() - taken; i < done.size(); ++i) taken_bytes += symbol_bytes_[done[i]];
      const size_t window_begin = scratch.done_bytes - taken_bytes;
      const size_t window_end = std::min(end, scratch.done_bytes + std::max(kWindowBytes, taken_bytes));
      scratch.merged_bytes += window_end - window_begin;
      if (scratch.merged_bytes > 16 * piece.size()) return false;
      const std::vector<uint32_t>& window =
          merge_window(piece.substr(window_begin, window_end - window_begin), scratch);
      if (taken == done.size() || window[0] == done[done.size() - taken]) {
        done.resize(done.size() - taken);
        done.insert(done.end(), window.begin(), window.end());
        scratch.done_bytes = window_end;
        break;
      }
      taken = std::min(done.size(), taken * 2);
    }
  }
  return true;
}

#if defined(__x86_64__)

// Cuts up to kChunksTogether chunks from `begin` on and merges them; returns how many.
size_t Merger::merge_chunks(std::string_view piece, size_t begin, MergeScratch& scratch, Chunk* chunks) const {
  scratch.chunks.resize(kChunksTogether);
  size_t count = 0, jobs = 0;
  for (; count < kChunksTogether && begin < piece.size(); ++count) {
    Chunk& chunk = chunks[count];
    chunk.begin = begin;
    if (count > 0) {
      const size_t size = chunks[count - 1].end - chunks[count - 1].begin;
      if (begin + size <= piece.size() && std::memcmp(piece.data() + begin, piece.data() + begin - size, size) == 0) {
        chunk.job = chunks[count - 1].job;
        chunk.end = begin += size;
        continue;
      }
    }
    MergeJob& job = scratch.chunks[jobs++];
    chunk.end = begin += fill_job(piece.substr(begin), kChunkSymbols, job);
    chunk.job = &job;
  }
  run_jobs_avx512(pairs_, scratch.chunks.data(), jobs);
  return count;
}

// Merges the seams between what is done and the first chunk and between the chunks.
void Merger::merge_seams(std::string_view piece, MergeScratch& scratch, Chunk* chunks, size_t count) const {
  scratch.seams.resize(kChunksTogether);
  const uint32_t* left = scratch.done.data();
  size_t left_size = scratch.done.size();  // symbols that a seam may take from the left
  size_t jobs = 0;
  std::string_view last_text;
  for (size_t i = 0; i < count; ++i) {
    Chunk& chunk = chunks[i];
    const MergeJob& right = *chunk.job;
    chunk.left_count = std::min(kSeamSymbols, left_size);
    chunk.right_count = std::min<size_t>(kSeamSymbols, (right.count + 1) / 2);
    chunk.seam = nullptr;
    if (chunk.left_count != 0) {
      size_t begin = chunk.begin, end = chunk.begin;
      std::copy_n(left + left_size - chunk.left_count, chunk.left_count, chunk.left);
      for (size_t k = 0; k < chunk.left_count; ++k) begin -= symbol_bytes_[chunk.left[k]];
      for (size_t k = 0; k < chunk.right_count; ++k) end += symbol_bytes_[right.symbols[k]];
      const std::string_view text = piece.substr(begin, end - begin);
      if (jobs > 0 && text == last_text) {
        chunk.seam = &scratch.seams[jobs - 1];
      } else if (fill_job(text, kSeamSymbolsMax, scratch.seams[jobs]) == text.size()) {
        chunk.seam = &scratch.seams[jobs++];
        last_text = text;
      }
    }
    // The seam may change all but the last symbol it took from this chunk; the next one leaves those alone.
    left = right.symbols;
    left_size = right.count;
    const size_t free = right.count + 1 - chunk.right_count;
    left += left_size - free;
    left_size = free;
  }
  run_jobs_avx512(pairs_, scratch.seams.data(), jobs);
}

// Puts a chunk behind what is done, which reaches to its beginning. False when the seam does not fit.
bool Merger::append_chunk(const Chunk& chunk, MergeScratch& scratch) const {
  std::vector<uint32_t>& done = scratch.done;
  const MergeJob& job = *chunk.job;
  if (done.empty()) {
    done.assign(job.symbols, job.symbols + job.count);
    scratch.done_bytes = chunk.end;
    return true;
  }
  if (chunk.seam == nullptr || done.size() < chunk.left_count) return false;
  const MergeJob& seam = *chunk.seam;
  if (!std::equal(chunk.left, chunk.left + chunk.left_count, done.end() - static_cast<ptrdiff_t>(chunk.left_count)) ||
      seam.symbols[0] != chunk.left[0] || seam.symbols[seam.count - 1] != job.symbols[chunk.right_count - 1]) {
    return false;
  }
  done.resize(done.size() - chunk.left_count);
  done.insert(done.end(), seam.symbols, seam.symbols + seam.count);
  done.insert(done.end(), job.symbols + chunk.right_count, job.symbols + job.count);
  scratch.done_bytes = chunk.end;
  return true;
}

#endif

// Merges `piece` into scratch.done. False when it is given up.
bool Merger::merge_long(std::string_view piece, MergeScratch& scratch) const {
  scratch.done.clear();
  scratch.done.reserve(piece.size());  // memory only as it is touched
  for (MergeScratch::Window& window : scratch.windows) window.text = {};
  scratch.done_bytes = scratch.merged_bytes = 0;
#if defined(__x86_64__)
  if (has_vectors()) {
    Chunk chunks[kChunksTogether];
    size_t all = 0, failed = 0;
    // Where chunks seldom fit, in repetitions that have tokens longer than chunks, windows are faster.
    while (scratch.done_bytes < piece.size() && failed * 4 <= all + kChunksTogether) {
      const size_t count = merge_chunks(piece, scratch.done_bytes, scratch, chunks);
      merge_seams(piece, scratch, chunks, count);
      for (size_t i = 0; i < count; ++i) {
        if (append_chunk(chunks[i], scratch)) continue;
        ++failed;
        if (!extend_by_windows(piece, chunks[i].end, scratch)) return false;
      }
      all += count;
    }
  }
#endif
  return extend_by_windows(piece, piece.size(), scratch);
}

}  // namespace ftok
