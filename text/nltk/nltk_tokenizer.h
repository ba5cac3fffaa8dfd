// English words in the manner of NLTK's word_tokenize, which FineWeb was made with: the text is cut into sentences
// (text/sentences.h, kNltk: a stated rule in place of NLTK's trained punkt model), and each sentence goes through the
// rules of NLTK's word tokenizer (version 3.10; its improved Penn Treebank tokenizer), exactly:
//
// - apart go: brackets; ; @ # $ % & ? ! *; figure, en and em dashes and "--"; runs of two and more dots; « » "
//   quotation marks
//   of all kinds and runs of back quotes; "," and ":" except before a digit;
// - the full stop that ends a sentence, also before closing quotes and brackets; no other single full stop;
// - a straight double quote becomes `` where it opens (at the start, after a space or an opening bracket) and ''
//   elsewhere;
// - the clitics n't 'll 're 've 's 'm 'd and a final apostrophe go apart before a space, and an apostrophe in front of
//   a word;
// - cannot, d'ye, gimme, gonna, gotta, lemme, more'n and wanna become two words.
#pragma once

#include <string_view>
#include <vector>

namespace ftok::nltk {

// Replaces `words` with those of `text`, in order: views into it, or the static `` and ''. Linear; thread-safe.
void word_tokenize(std::string_view text, std::vector<std::string_view>& words);

// Appends the words of one sentence, without cutting it.
void tokenize_sentence(std::string_view sentence, std::vector<std::string_view>& words);

}  // namespace ftok::nltk
