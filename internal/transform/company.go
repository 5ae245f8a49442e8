package transform

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// legalForms are the words at the end of a company's name that say what kind of company it is, as foldCompany leaves
// them. Words that are as often part of a name (group, holding, international, partners) are not among them.
var legalForms = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for form := range strings.FieldsSeq(`
		inc incorporated corp corporation co company ltd limited llc llp lllp lp plc pllc pc cic
		gmbh mbh ggmbh ag kg kgaa ohg ug ev eg gbr ek haftungsbeschrankt
		sarl sas sasu sa eurl snc scs sci spa srl srls sapa sl slu sau sc scop
		bv nv vof cv bvba sprl oy oyj ab asa as aps ivs hf ehf se
		sro spol zoo spzoo spj spk kft bt zrt nyrt doo ad eood ood sia uab oao ooo zao pao jsc ojsc pjsc
		pty pte sdn bhd kk gk pt tbk lda ltda eireli mei unipessoal`) {
		set[form] = true
	}
	for _, form := range []string{"αε", "επε", "จำกัด"} {
		set[foldCompany(form)] = true
	}
	for form := range formsInFront() {
		set[form] = form != "the"
	}
	return set
})

// formsInFront stand before the name as well as behind it: Cyrillic ones, and Japan's (株) and (有).
var formsInFront = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{"the": true}
	for _, form := range []string{"ооо", "зао", "оао", "пао", "ао", "ип", "тов", "株", "有", "บริษัท"} {
		set[foldCompany(form)] = true
	}
	return set
})

// legalPhrases are legal forms of several words.
var legalPhrases = [][]string{{"s", "a"}, {"s", "l"}, {"a", "s"}, {"i", "s"}, {"k", "s"}, {"b", "v"}, {"n", "v"}, {"s", "p", "a"}, {"s", "r", "l"}, {"s", "r", "o"}, {"z", "o", "o"}, {"sp", "z"}, {"sp", "z", "o", "o"}, {"d", "o", "o"}, {"l", "l", "c"},
	{"sa", "de"}, {"s", "a", "de"}, {"s", "de", "rl", "de"}, {"s", "de", "r", "l", "de"}, {"c", "v"}, {"sp", "z", "oo"}, {"z", "oo"}, {"spolka"}, {"spolka", "z"}, {"e", "v"}, {"e", "k"}, {"w", "l", "l"}, {"private"}, {"pvt"}}

// eastAsianForms stand before or behind a name without a blank.
var eastAsianForms = sync.OnceValue(func() []string {
	forms := []string{"株式会社", "有限会社", "合同会社", "股份有限公司", "有限责任公司", "有限公司", "股份公司", "주식회사", "유한회사"}
	for i, form := range forms {
		forms[i] = foldCompany(form)
	}
	return forms
})

// CompanyKey is the key of the comparison company: the name as foldName folds it, without accents, without "the" in
// front and without legal forms at the end, "and" for & and +. A name of nothing else keeps it.
func CompanyKey(name string) string {
	key := foldCompany(name)
	for range maxRounds {
		next := foldCompany(strings.Join(bare(strings.Fields(key)), " "))
		if next == key {
			break
		}
		key = next
	}
	return key
}

func foldCompany(name string) string {
	name = strings.NewReplacer("&", " and ", "+", " and ").Replace(foldName(name))
	return foldName(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(name)))
}

// bare takes off what says nothing, as long as something is left.
func bare(words []string) []string {
	for {
		n := formAtEnd(words)
		if n == 0 || n >= len(words) {
			break
		}
		words = words[:len(words)-n]
	}
	for len(words) > 1 && formsInFront()[words[0]] {
		words = words[1:]
	}
	if len(words) == 0 {
		return words
	}
	words = slices.Clone(words)
	for _, form := range eastAsianForms() {
		for _, i := range []int{0, len(words) - 1} {
			if rest := strings.TrimSuffix(strings.TrimPrefix(words[i], form), form); rest != "" || len(words) > 1 {
				words[i] = rest
			}
		}
	}
	return strings.Fields(strings.Join(words, " "))
}

// formAtEnd gives how many words at the end are one legal form, 0 for none. What joined it to another form goes too:
// GmbH & Co. KG.
func formAtEnd(words []string) int {
	if len(words) == 0 {
		return 0
	}
	longest := 0
	for _, phrase := range legalPhrases {
		if len(phrase) > longest && len(phrase) < len(words) && slices.Equal(words[len(words)-len(phrase):], phrase) {
			longest = len(phrase)
		}
	}
	if last := words[len(words)-1]; longest == 0 && (legalForms()[last] || last == "and") {
		longest = 1
	}
	return longest
}
