package transform

// Names of countries and states beyond the tables in data/: what people and other systems write, and what one of them
// calls a place by default.

// countryAliases are names in use that no table has. Keys are folded when they are read.
var countryAliases = map[string]string{
	"Great Britain": "GB", "Britain": "GB", "England": "GB", "Scotland": "GB", "Wales": "GB", "Northern Ireland": "GB",
	"Great Britain and Northern Ireland": "GB", "UK of Great Britain and Northern Ireland": "GB",
	"United States America": "US", "USA (United States of America)": "US", "U.S. of America": "US", "Estados Unidos de América": "US", "EUA": "US", "EEUU": "US",
	"Oesterreich": "AT", "Republic of Ireland": "IE", "Eire": "IE", "Irish Republic": "IE", "Holland": "NL", "Burma": "MM", "Myanmar/Burma": "MM",
	"Swaziland": "SZ", "Cape Verde": "CV", "East Timor": "TL", "Macedonia": "MK", "Macedonia (FYROM)": "MK", "FYROM": "MK", "Republic of Macedonia": "MK", "Macedonia, the former Yugoslav Republic of": "MK", "Former Yugoslav Republic of Macedonia": "MK",
	"PRC": "CN", "China (PRC)": "CN", "Mainland China": "CN", "ROC": "TW", "Taiwan, Province of China": "TW", "Chinese Taipei": "TW", "Taiwan (Province of China)": "TW",
	"ROK": "KR", "South-Korea": "KR", "Korea (South)": "KR", "Korea, South": "KR", "Korea (Republic of)": "KR", "Korea, Republic of": "KR", "Republic of Korea (South)": "KR",
	"DPRK": "KP", "Korea (North)": "KP", "Korea, North": "KP", "Korea (Democratic People's Republic of)": "KP", "Korea, Democratic People's Republic of": "KP",
	"Russia (Russian Federation)": "RU", "Vatican": "VA", "Vatican City": "VA", "Vatican City State": "VA", "Holy See (Vatican City State)": "VA", "Holy See (Vatican City)": "VA",
	"Palestinian Territory, Occupied": "PS", "Palestine, State of": "PS", "Occupied Palestinian Territory": "PS", "Palestinian Authority": "PS", "West Bank and Gaza": "PS",
	"DRC": "CD", "DR Congo": "CD", "Congo (DRC)": "CD", "Congo, DRC": "CD", "Congo-Kinshasa": "CD", "Congo (Kinshasa)": "CD", "Zaire": "CD", "Congo, the Democratic Republic of the": "CD",
	"Congo-Brazzaville": "CG", "Congo (Brazzaville)": "CG", "Republic of Congo": "CG", "Congo (Republic)": "CG",
	"Virgin Islands, British": "VG", "Virgin Islands, U.S.": "VI", "British Virgin Islands": "VG", "US Virgin Islands": "VI", "U.S. Virgin Islands": "VI", "Virgin Islands (U.S.)": "VI", "Virgin Islands (British)": "VG", "Virgin Islands (United Kingdom)": "VG",
	"Saint Martin": "MF", "St. Martin": "MF", "Sint Maarten": "SX", "Sint-Maarten": "SX", "St. Maarten": "SX", "Curacao": "CW",
	"Bonaire, Sint Eustatius and Saba": "BQ", "Caribbean Netherlands": "BQ", "Bonaire": "BQ",
	"Saint Helena": "SH", "St. Helena": "SH", "Ivory-Coast": "CI", "The Gambia": "GM", "Gambia, The": "GM", "Bahamas, The": "BS", "Brunei": "BN", "Brunei-Darussalam": "BN",
	"Micronesia, Federated States of": "FM", "Federated Micronesia": "FM", "Federated States of Micronesia": "FM", "Macau SAR": "MO", "Hong Kong SAR": "HK", "Hong Kong S.A.R.": "HK", "Macao SAR": "MO", "HKSAR": "HK",
	"Pitcairn Islands": "PN", "Reunion Island": "RE", "La Reunion": "RE", "Faeroe Islands": "FO", "Falkland Islands": "FK", "Cocos": "CC", "Cocos Islands": "CC", "Keeling Islands": "CC",
	"Turkiye": "TR", "Kirgizstan": "KG", "Kyrgyz Republic": "KG", "Slovak Republic": "SK", "Czech Rep.": "CZ", "Dominican Rep.": "DO", "Bosnia": "BA", "Bosnia-Herzegovina": "BA",
	"Trinidad": "TT", "Antigua": "AG", "St. Kitts": "KN", "Saint Vincent": "VC", "St. Vincent": "VC", "Emirates": "AE", "UAE": "AE", "U.A.E.": "AE", "KSA": "SA", "Saudi": "SA", "NZ": "NZ", "Aotearoa": "NZ", "RSA": "ZA",
	"Libyan Arab Jamahiriya": "LY", "Libya Arab Jamahiriya": "LY", "Wallis and Futuna Islands": "WF", "Svalbard": "SJ", "Heard Island and McDonald Islands": "HM",
}

// stateAliases are codes and names in use that the tables do not have, by country.
var stateAliases = map[string]map[string]string{
	"US": {"Washington DC": "DC", "Washington, D.C.": "DC", "Washington D.C.": "DC", "D. C.": "DC", "District Columbia": "DC", "US Virgin Islands": "VI", "U.S. Virgin Islands": "VI", "Federated Micronesia": "FM",
		"Calif.": "CA", "Ariz.": "AZ", "Ark.": "AR", "Ala.": "AL", "Colo.": "CO", "Conn.": "CT", "Del.": "DE", "Fla.": "FL", "Ill.": "IL", "Ind.": "IN", "Kan.": "KS", "Kans.": "KS", "Mass.": "MA", "Mich.": "MI", "Minn.": "MN",
		"Miss.": "MS", "Mont.": "MT", "Neb.": "NE", "Nebr.": "NE", "Nev.": "NV", "N.H.": "NH", "N.J.": "NJ", "N.M.": "NM", "N. Mex.": "NM", "N.Y.": "NY", "N.C.": "NC", "N.D.": "ND", "N. Dak.": "ND", "Okla.": "OK", "Ore.": "OR", "Oreg.": "OR",
		"Penn.": "PA", "Penna.": "PA", "S.C.": "SC", "S.D.": "SD", "S. Dak.": "SD", "Tenn.": "TN", "Tex.": "TX", "Wash.": "WA", "W. Va.": "WV", "Wis.": "WI", "Wisc.": "WI", "Wyo.": "WY", "New York State": "NY", "Washington State": "WA"},
	"CA": {"PEI": "PE", "P.E.I.": "PE", "Newfoundland": "NL", "Labrador": "NL", "Nfld.": "NL", "NF": "NL", "PQ": "QC", "Yukon Territory": "YT", "Yukon Territories": "YT", "NWT": "NT", "Ont.": "ON", "Que.": "QC", "Alta.": "AB", "Sask.": "SK", "Man.": "MB", "B. C.": "BC"},
	"AU": {"Tassie": "TAS", "ACT (Canberra)": "ACT", "Canberra": "ACT"},
	"CN": {"Inner Mongolia": "NM", "Nei Mongol": "NM", "Tibet": "XZ", "Xizang": "XZ", "Guangxi": "GX", "Ningxia": "NX", "Xinjiang": "XJ", "Hong Kong": "HK", "Macao": "MO", "Macau": "MO", "Taiwan": "TW"},
	"IN": {"DD": "DH", "DN": "DH", "Daman and Diu": "DH", "Dadra and Nagar Haveli": "DH", "Orissa": "OD", "Pondicherry": "PY", "Uttaranchal": "UK", "New Delhi": "DL", "NCT of Delhi": "DL", "Telengana": "TS"},
	"MX": {"Federal District": "CMX", "Distrito Federal": "CMX", "DF": "CMX", "D.F.": "CMX", "Mexico City": "CMX", "CDMX": "CMX", "DIF": "CMX", "Mexico State": "MEX", "State of Mexico": "MEX", "Edomex": "MEX",
		"Coahuila": "COA", "Michoacán de Ocampo": "MIC", "Veracruz de Ignacio de la Llave": "VER", "México": "MEX"},
	"IE": {"Ceatharlach": "CW", "An Cabhán": "CN", "An Clár": "CE", "Corcaigh": "CO", "Dún na nGall": "DL", "Baile Átha Cliath": "D", "Gaillimh": "G", "Ciarraí": "KY", "Cill Dara": "KE", "Cill Chainnigh": "KK", "Laoighis": "LS",
		"Liatroim": "LM", "Luimneach": "LK", "An Longfort": "LD", "Lú": "LH", "Maigh Eo": "MO", "An Mhí": "MH", "Muineachán": "MN", "Uíbh Fhailí": "OY", "Ros Comáin": "RN", "Sligeach": "SO", "Tiobraid Árann": "TA",
		"Port Láirge": "WD", "An Iarmhí": "WH", "Loch Garman": "WX", "Cill Mhantáin": "WW"},
	// ISO 3166-2 writes Japan's prefectures in the Kunrei spelling too.
	"JP": {"Aiti": "23", "Gihu": "21", "Hirosima": "34", "Hukui": "18", "Hukuoka": "40", "Hukusima": "07", "Isikawa": "17", "Kagosima": "46", "Kôti": "39", "Siga": "25", "Simane": "32", "Sizuoka": "22", "Tiba": "12", "Tokusima": "36",
		"Totigi": "09", "Yamaguti": "35", "Yamanasi": "19"},
}

// Salesforce's own default lists of countries and states (org setup "State and Country/Territory Picklists"), where they
// differ from ISO 3166 and from the usual English names: what country_name(as="salesforce") and its like give. An org may
// have edited every one of them; then one_of with the org's values is right.
var (
	salesforceCountries = map[string]string{
		"AX": "Aland Islands", "BN": "Brunei Darussalam", "BO": "Bolivia, Plurinational State of", "BQ": "Bonaire, Sint Eustatius and Saba", "CV": "Cape Verde", "CG": "Congo", "CD": "Congo, the Democratic Republic of the",
		"CI": "Cote d'Ivoire", "CW": "Curaçao", "CZ": "Czech Republic", "FK": "Falkland Islands (Malvinas)", "HM": "Heard Island and McDonald Islands", "VA": "Holy See (Vatican City State)", "IR": "Iran, Islamic Republic of",
		"KP": "Korea, Democratic People's Republic of", "KR": "Korea, Republic of", "LA": "Lao People's Democratic Republic", "MO": "Macao", "MK": "Macedonia, the former Yugoslav Republic of", "MD": "Moldova, Republic of", "MM": "Myanmar",
		"PS": "Palestine", "PN": "Pitcairn", "RE": "Reunion", "RU": "Russian Federation", "BL": "Saint Barthélemy", "SH": "Saint Helena, Ascension and Tristan da Cunha", "KN": "Saint Kitts and Nevis", "LC": "Saint Lucia",
		"MF": "Saint Martin (French part)", "PM": "Saint Pierre and Miquelon", "VC": "Saint Vincent and the Grenadines", "ST": "Sao Tome and Principe", "SX": "Sint Maarten (Dutch part)", "SJ": "Svalbard and Jan Mayen", "SZ": "Swaziland",
		"GS": "South Georgia and the South Sandwich Islands", "SY": "Syrian Arab Republic", "TZ": "Tanzania, United Republic of", "TL": "Timor-Leste", "TT": "Trinidad and Tobago", "TR": "Turkey", "TC": "Turks and Caicos Islands",
		"VE": "Venezuela, Bolivarian Republic of", "VG": "Virgin Islands, British", "WF": "Wallis and Futuna", "AG": "Antigua and Barbuda", "BA": "Bosnia and Herzegovina",
	}
	salesforceStateCodes = map[string]map[string]string{
		"IN": {"CG": "CT", "OD": "OR", "TS": "TG", "UK": "UT"},
		"CN": {"BJ": "11", "TJ": "12", "HE": "13", "SX": "14", "NM": "15", "LN": "21", "JL": "22", "HL": "23", "SH": "31", "JS": "32", "ZJ": "33", "AH": "34", "FJ": "35", "JX": "36", "SD": "37", "HA": "41", "HB": "42", "HN": "43",
			"GD": "44", "GX": "45", "HI": "46", "CQ": "50", "SC": "51", "GZ": "52", "YN": "53", "XZ": "54", "SN": "61", "GS": "62", "QH": "63", "NX": "64", "XJ": "65", "TW": "71", "HK": "91", "MO": "92"},
		"MX": {"AGU": "AG", "BCN": "BC", "BCS": "BS", "CHH": "CH", "COL": "CL", "CAM": "CM", "COA": "CO", "CHP": "CS", "CMX": "DF", "DUR": "DG", "GRO": "GR", "GUA": "GT", "HID": "HG", "JAL": "JA", "MEX": "ME", "MIC": "MI", "MOR": "MO",
			"NAY": "NA", "NLE": "NL", "OAX": "OA", "PUE": "PB", "QUE": "QE", "ROO": "QR", "SIN": "SI", "SLP": "SL", "SON": "SO", "TAB": "TB", "TLA": "TL", "TAM": "TM", "VER": "VE", "YUC": "YU", "ZAC": "ZA"},
	}
	salesforceStateNames = map[string]map[string]string{ // and those of Ireland are the table's without "Co."
		"CA": {"YT": "Yukon Territories"},
		"CN": {"BJ": "Beijing", "TJ": "Tianjin", "HE": "Hebei", "SX": "Shanxi", "NM": "Nei Mongol", "LN": "Liaoning", "JL": "Jilin", "HL": "Heilongjiang", "SH": "Shanghai", "JS": "Jiangsu", "ZJ": "Zhejiang", "AH": "Anhui", "FJ": "Fujian",
			"JX": "Jiangxi", "SD": "Shandong", "HA": "Henan", "HB": "Hubei", "HN": "Hunan", "GD": "Guangdong", "GX": "Guangxi", "HI": "Hainan", "CQ": "Chongqing", "SC": "Sichuan", "GZ": "Guizhou", "YN": "Yunnan", "XZ": "Xizang",
			"SN": "Shaanxi", "GS": "Gansu", "QH": "Qinghai", "NX": "Ningxia", "XJ": "Xinjiang", "TW": "Taiwan", "HK": "Hong Kong", "MO": "Macao"},
		"IN": {"AN": "Andaman and Nicobar Islands", "JK": "Jammu and Kashmir", "DH": "Dadra and Nagar Haveli and Daman and Diu"},
		"MX": {"CMX": "Federal District", "COA": "Coahuila", "MEX": "Mexico State", "MIC": "Michoacán", "VER": "Veracruz"},
		"US": {"VI": "US Virgin Islands", "FM": "Federated Micronesia"},
	}
)
