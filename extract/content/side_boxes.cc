#include "extract/content/side_boxes.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

namespace ftok::html {

namespace {

// Headings of such boxes, without signs and spaces around them.
constexpr std::string_view kHeadings[] = {"関連記事",
                                          "関連ニュース",
                                          "関連リンク",
                                          "関連するニュース",
                                          "関連トピックス",
                                          "あわせて読みたい",
                                          "合わせて読みたい",
                                          "こちらもおすすめ",
                                          "おすすめ記事",
                                          "おすすめの記事",
                                          "オススメ記事",
                                          "人気記事",
                                          "人気の記事",
                                          "人気記事ランキング",
                                          "アクセスランキング",
                                          "記事ランキング",
                                          "閲覧ランキング",
                                          "ランキング",
                                          "よく読まれている記事",
                                          "注目記事",
                                          "注目の記事",
                                          "新着記事",
                                          "新着情報",
                                          "最新記事",
                                          "最新ニュース",
                                          "最近の投稿",
                                          "最近の記事",
                                          "最近のコメント",
                                          "ピックアップ",
                                          "特集一覧",
                                          "カテゴリー",
                                          "カテゴリ",
                                          "アーカイブ",
                                          "月別アーカイブ",
                                          "プロフィール",
                                          "タグクラウド",
                                          "関連商品",
                                          "おすすめ商品",
                                          "この商品を見た人はこんな商品も見ています",
                                          "最近チェックした商品",
                                          "この質問に関連する質問",
                                          "関連する質問",
                                          "関連キーワード",
                                          "スポンサーリンク",
                                          "メールマガジン",
                                          "この記事をシェア",
                                          "シェアする",
                                          "相关阅读",
                                          "相关新闻",
                                          "相关文章",
                                          "相关推荐",
                                          "相关链接",
                                          "相关报道",
                                          "相关内容",
                                          "相关问题",
                                          "推荐阅读",
                                          "延伸阅读",
                                          "热门文章",
                                          "热门推荐",
                                          "热门排行",
                                          "热门新闻",
                                          "热门话题",
                                          "热点推荐",
                                          "热点新闻",
                                          "热点排行",
                                          "热点",
                                          "排行榜",
                                          "阅读排行",
                                          "点击排行",
                                          "一周热门",
                                          "今日热点",
                                          "猜你喜欢",
                                          "为你推荐",
                                          "为您推荐",
                                          "最新文章",
                                          "最新新闻",
                                          "最新消息",
                                          "最新资讯",
                                          "近期文章",
                                          "近期评论",
                                          "精彩推荐",
                                          "编辑推荐",
                                          "更多新闻",
                                          "更多文章",
                                          "文章归档",
                                          "归档",
                                          "分类目录",
                                          "文章分类",
                                          "标签云",
                                          "关于我",
                                          "友情链接",
                                          "看了又看",
                                          "同类文章",
                                          "上一篇",
                                          "下一篇",
                                          "分享到",
                                          "广告",
                                          "相關文章",
                                          "相關新聞",
                                          "相關閱讀",
                                          "相關報導",
                                          "延伸閱讀",
                                          "推薦閱讀",
                                          "推薦文章",
                                          "熱門文章",
                                          "熱門新聞",
                                          "熱門排行",
                                          "人氣文章",
                                          "最新文章",
                                          "最新新聞",
                                          "近期文章",
                                          "您可能也喜歡",
                                          "你可能會喜歡",
                                          "猜你喜歡",
                                          "文章分類",
                                          "彙整",
                                          "留言板",
                                          "관련기사",
                                          "관련 기사",
                                          "관련뉴스",
                                          "관련 뉴스",
                                          "관련글",
                                          "관련 글",
                                          "연관기사",
                                          "많이 본 뉴스",
                                          "많이 본 기사",
                                          "많이본 뉴스",
                                          "많이 읽은 기사",
                                          "가장 많이 본 뉴스",
                                          "인기기사",
                                          "인기 기사",
                                          "인기뉴스",
                                          "인기 뉴스",
                                          "인기글",
                                          "인기 글",
                                          "추천기사",
                                          "추천 기사",
                                          "추천뉴스",
                                          "추천 뉴스",
                                          "주요뉴스",
                                          "주요 뉴스",
                                          "주요기사",
                                          "최신기사",
                                          "최신 기사",
                                          "최신뉴스",
                                          "최신 뉴스",
                                          "최신글",
                                          "최신 글",
                                          "최근글",
                                          "최근 글",
                                          "최근댓글",
                                          "최근 댓글",
                                          "실시간 뉴스",
                                          "실시간 주요뉴스",
                                          "이 시각 주요뉴스",
                                          "오늘의 주요뉴스",
                                          "핫이슈",
                                          "랭킹뉴스",
                                          "함께 본 상품",
                                          "관련 상품",
                                          "추천 상품",
                                          "비슷한 질문",
                                          "관련 질문",
                                          "프로필",
                                          "카테고리",
                                          "글 보관함",
                                          "보관함",
                                          "태그",
                                          "이 기사를 공유합니다",
                                          "ข่าวที่เกี่ยวข้อง",
                                          "บทความที่เกี่ยวข้อง",
                                          "เรื่องที่เกี่ยวข้อง",
                                          "เนื้อหาที่เกี่ยวข้อง",
                                          "ข่าวยอดนิยม",
                                          "บทความยอดนิยม",
                                          "ข่าวล่าสุด",
                                          "บทความล่าสุด",
                                          "เรื่องล่าสุด",
                                          "ข่าวอื่นๆ",
                                          "ข่าวแนะนำ",
                                          "บทความแนะนำ",
                                          "เรื่องแนะนำ",
                                          "ยอดนิยม",
                                          "อ่านเพิ่มเติม",
                                          "สินค้าที่เกี่ยวข้อง",
                                          "สินค้าที่คุณอาจสนใจ",
                                          "สินค้าแนะนำ",
                                          "คำถามที่เกี่ยวข้อง",
                                          "หมวดหมู่",
                                          "คลังบทความ",
                                          "เกี่ยวกับผู้เขียน",
                                          "แท็ก",
                                          "แชร์"};

// Parts of short lines that a paywall, a link to the rest, or an editor's note is made of.
constexpr std::string_view kLines[] = {
    "続きを読む", "続きをみる", "会員限定",   "有料会員",         "有料記事",      "無料会員登録", "無料登録",
    "全文を読む", "もっと見る", "記事一覧へ", "ログインして読む", "無断転載",      "阅读更多",     "阅读全文",
    "查看更多",   "查看全文",   "展开全文",   "会员专享",         "登录后阅读",    "登录后查看",   "开通会员",
    "打开客户端", "下载客户端", "责任编辑",   "未经授权",         "閱讀更多",      "閱讀全文",     "繼續閱讀",
    "訂閱後",     "會員專屬",   "責任編輯",   "기사 더보기",      "기사더보기",    "더보기",       "회원 전용",
    "로그인 후",  "유료 회원",  "구독 후",    "무단 전재",        "무단전재",      "재배포 금지",  "앱에서 보기",
    "อ่านต่อ",      "อ่านเพิ่มเติม",  "ดูทั้งหมด",     "สำหรับสมาชิกเท่านั้น",  "เข้าสู่ระบบเพื่ออ่าน"};

constexpr size_t kHeadingBytesMax = 90;  // of the longest one, and some signs
constexpr size_t kLineBytesMax = 150;    // 50 Chinese characters

// A heading without numbers, signs and spaces around it, and without a count or "一覧" (a list of) behind it.
std::string_view bare(std::string_view text) {
  static constexpr std::string_view kAround[] = {" ",  "\n", "|",  ":", "：", "【",   "】", "■",  "●",  "◆", "▼",  "▶",
                                                 "＞", ">",  "・", "·", "★",  "☆",    "「", "」", "[",  "]", "（", "）",
                                                 "(",  ")",  "/",  "-", "　", "一覧", "»",  "›",  "。", "…", "."};
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view sign : kAround) {
      if (text.starts_with(sign)) text.remove_prefix(sign.size()), again = true;
      if (text.ends_with(sign)) text.remove_suffix(sign.size()), again = true;
    }
    while (!text.empty() && text.back() >= '0' && text.back() <= '9') text.remove_suffix(1), again = true;
  }
  return text;
}

bool is_heading(std::string_view text) {
  if (text.size() > kHeadingBytesMax) return false;
  const std::string_view name = bare(text);
  return std::find(std::begin(kHeadings), std::end(kHeadings), name) != std::end(kHeadings);
}

bool is_line(std::string_view text) {
  return std::any_of(std::begin(kLines), std::end(kLines),
                     [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

// [first, last) of the box that a heading begins, or of the boxes behind it up to the next heading of its rank.
size_t end_of_box(const PageBlocks& page, size_t heading) {
  uint32_t box = page.blocks[heading].container;
  while (page.containers[box].parent != 0 && page.containers[page.containers[box].parent].first_block == heading &&
         page.containers[box].last_block == heading + 1)
    box = page.containers[box].parent;
  if (page.containers[box].first_block == heading && page.containers[box].last_block > heading + 1)
    return page.containers[box].last_block;
  // The heading stands among other things: what follows it in its parent, the next box or list alone.
  const uint32_t around = page.containers[box].parent;
  if (heading + 1 >= page.blocks.size()) return heading + 1;
  uint32_t next = page.blocks[heading + 1].container;
  while (next != 0 && page.containers[next].parent != around) next = page.containers[next].parent;
  return next == 0 ? heading + 1 : page.containers[next].last_block;
}

// Whether a fifth of the letters in [first, last) and more are those of paragraphs outside of links.
bool is_prose(const PageBlocks& page, size_t first, size_t last) {
  uint64_t letters = 0, prose = 0;
  for (size_t i = first; i < last; ++i) {
    const TextSums& sums = page.blocks[i].sums;
    letters += sums.letters;
    prose += sums.sentences > 0 ? sums.paragraph_letters : 0;
  }
  return prose * 5 > letters;
}

}  // namespace

void drop_side_boxes(const PageBlocks& page, std::vector<uint8_t>& keep) {
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    const bool may_be = (block.signs & kSignScript) != 0 && block.text_size <= kLineBytesMax;
    if (!may_be || block.kind == BlockKind::kCode) continue;
    const std::string_view text = page.text_of(block);
    if (is_heading(text)) {
      const size_t last = end_of_box(page, i);
      if (is_prose(page, i + 1, last)) continue;
      std::fill(keep.begin() + static_cast<std::ptrdiff_t>(i), keep.begin() + static_cast<std::ptrdiff_t>(last),
                uint8_t{0});
      i = last - 1;
    } else if (keep[i] != 0 && is_line(text)) {
      keep[i] = 0;
    }
  }
}

}  // namespace ftok::html
