"""The need model's variables as people read them: THL names them in Finnish, some cut short; here whole, and in Swedish and English.

Ages are said by rule; the rest by name. Translated for Torni: THL has published no Swedish or English names.
"""

from __future__ import annotations

import re

from torni.core.language import language

_AGE = re.compile(r"(?:(\d+)-(\d+)|(Alle|Yli) (\d+))-vuotias(?:, (mies|nainen))?")
_SEX = {"sv": {"mies": "man", "nainen": "kvinna"}, "en": {"mies": "man", "nainen": "woman"}}


def variable_name(variable: str) -> str:
    """The variable in the language of the moment; one that is not known here, as the model names it."""
    if age := _AGE.fullmatch(variable):
        return _age(*age.groups())
    fi, sv, en = _NAMES.get(variable, (variable,) * 3)
    return {"sv": sv, "en": en}.get(language(), fi)


def _age(first: str | None, last: str | None, beyond: str | None, limit: str | None, sex: str | None) -> str:
    lang = language()
    if lang == "fi":
        told = f"{first}–{last}-vuotias" if first else f"{beyond} {limit}-vuotias"
        return f"{told}, {sex}" if sex else told
    if first:
        told = f"{first}–{last} år" if lang == "sv" else f"aged {first}–{last}"
    else:
        word = {"Alle": {"sv": "under", "en": "under"}, "Yli": {"sv": "över", "en": "over"}}[str(beyond)][lang]
        told = f"{word} {limit} år" if lang == "sv" else f"{word} {limit}"
    return f"{told}, {_SEX[lang][sex]}" if sex else told


# The model's name: Finnish, Swedish, English.
_NAMES = {
    "Aivoverenkiertohäiriöt": ("Aivoverenkiertohäiriöt", "cirkulationsrubbningar i hjärnan", "cerebrovascular disease"),
    "Aktiininen keratoosi": ("Aktiininen keratoosi", "aktinisk keratos", "actinic keratosis"),
    "Allerginen kosketusihottuma": ("Allerginen kosketusihottuma", "allergiskt kontakteksem", "allergic contact dermatitis"),
    "Allerginen silmätulehdus + allerginen nuha": ("Allerginen silmätulehdus + allerginen nuha", "allergisk ögoninflammation och allergisk snuva", "allergic conjunctivitis and rhinitis"),
    "Amyloidoosit": ("Amyloidoosit", "amyloidoser", "amyloidoses"),
    "Artroosisairaudet": ("Artroosisairaudet", "artrossjukdomar", "osteoarthritis"),
    "Astma": ("Astma", "astma", "asthma"),
    "Asuntokunnan käyttötulo per kulutusyksiköt, luonnollinen logaritmi": ("Asuntokunnan käyttötulo kulutusyksikköä kohti (luonnollinen logaritmi)", "bostadshushållets disponibla inkomst per konsumtionsenhet, naturlig logaritm", "household's disposable income per consumption unit, natural logarithm"),
    "Ateroskleroosi": ("Ateroskleroosi", "ateroskleros", "atherosclerosis"),
    "Atooppinen ekseema": ("Atooppinen ekseema", "atopiskt eksem", "atopic eczema"),
    "B-hepatiitti": ("B-hepatiitti", "hepatit B", "hepatitis B"),
    "COPD": ("COPD", "KOL", "COPD"),
    "CP-oireyhtymä": ("CP-oireyhtymä", "CP-syndrom", "cerebral palsy"),
    "Crohnin tauti ja haavainen koliitti": ("Crohnin tauti ja haavainen koliitti", "Crohns sjukdom och ulcerös kolit", "Crohn's disease and ulcerative colitis"),
    "Diabetes": ("Diabetes", "diabetes", "diabetes"),
    "Dissosiaatio- ja somatisaatiohäiriöt": ("Dissosiaatio- ja somatisaatiohäiriöt", "dissociativa syndrom och somatiseringssyndrom", "dissociative and somatisation disorders"),
    "Divertikkelit ja ärtyvä suoli": ("Divertikkelit ja ärtyvä suoli", "divertiklar och irritabel tarm", "diverticula and irritable bowel"),
    "Ei-tuberkuloottiset mykobakteerit": ("Ei-tuberkuloottiset mykobakteerit", "icke-tuberkulösa mykobakterier", "non-tuberculous mycobacteria"),
    "Endometrioosi": ("Endometrioosi", "endometrios", "endometriosis"),
    "Epilepsia": ("Epilepsia", "epilepsi", "epilepsy"),
    "Eronnut": ("Eronnut", "frånskild", "divorced"),
    "Eteisvärinä": ("Eteisvärinä", "förmaksflimmer", "atrial fibrillation"),
    "Glaukooma": ("Glaukooma", "glaukom", "glaucoma"),
    "HIV, C-hepatiitti": ("HIV, C-hepatiitti", "hiv, hepatit C", "HIV, hepatitis C"),
    "Hammaskaries ja hammasytimen ja hampaanjuuren kärkeä ympäröivien kudosten sairau": ("Hammaskaries sekä hammasytimen ja hampaanjuuren kärkeä ympäröivien kudosten sairaudet", "tandkaries och sjukdomar i tandpulpan och vävnaderna kring rotspetsen", "dental caries and diseases of pulp and periapical tissues"),
    "Hampaan kiinnityskudosten sairaudet": ("Hampaan kiinnityskudosten sairaudet", "sjukdomar i tandens stödjevävnader", "periodontal diseases"),
    "Hedelmättömyys": ("Hedelmättömyys", "infertilitet", "infertility"),
    "Hengityselinten ja rintaontelon elinten pahanlaatuiset kasvaimet": ("Hengityselinten ja rintaontelon elinten pahanlaatuiset kasvaimet", "maligna tumörer i andningsorganen och brösthålans organ", "malignant neoplasms of respiratory and intrathoracic organs"),
    "Hengityselinten krooninen toimintavajaus": ("Hengityselinten krooninen toimintavajaus", "kronisk andningssvikt", "chronic respiratory failure"),
    "Hengityshalvaus": ("Hengityshalvaus", "andningsförlamning", "respiratory paralysis"),
    "Huimaus/Korvan tasapainoelimen häiriöt": ("Huimaus ja korvan tasapainoelimen häiriöt", "svindel och störningar i balansorganet", "vertigo and vestibular disorders"),
    "Huulen, suun ja nielun pahanlaatuiset kasvaimet": ("Huulen, suun ja nielun pahanlaatuiset kasvaimet", "maligna tumörer i läpp, mun och svalg", "malignant neoplasms of lip, mouth and pharynx"),
    "Hydrokefalus": ("Hydrokefalus", "hydrocefalus", "hydrocephalus"),
    "Hyperparatyreoosi": ("Hyperparatyreoosi", "hyperparatyreos", "hyperparathyroidism"),
    "Hypertyreoosi": ("Hypertyreoosi", "hypertyreos", "hyperthyroidism"),
    "Ihon melanooma ja muut pahanlaatuiset ihokasvaimet": ("Ihon melanooma ja muut pahanlaatuiset ihokasvaimet", "hudmelanom och andra maligna hudtumörer", "melanoma and other malignant skin neoplasms"),
    "Immuunipuutokset / immunol. Häiriöt": ("Immuunipuutokset ja immunologiset häiriöt", "immunbrister och immunologiska störningar", "immune deficiencies and disorders"),
    "Imukudoksen, verta muodostavien kudosten ja lähisukuisten kudosten pahanlaatuise": ("Imukudoksen, verta muodostavien kudosten ja lähisukuisten kudosten pahanlaatuiset kasvaimet", "maligna tumörer i lymfatisk och blodbildande vävnad", "malignant neoplasms of lymphoid and blood-forming tissue"),
    "Johtumistyyppinen ja sensorineuraalinen kuulonalenema": ("Johtumistyyppinen ja sensorineuraalinen kuulonalenema", "konduktiv och sensorineural hörselnedsättning", "conductive and sensorineural hearing loss"),
    "Kardiomyopatiat": ("Kardiomyopatiat", "kardiomyopatier", "cardiomyopathies"),
    "Kasvu- ja leviämistaipumukseltaan epäselvät tai tuntemattomat kasvaimet": ("Kasvu- ja leviämistaipumukseltaan epäselvät tai tuntemattomat kasvaimet", "tumörer av osäker eller okänd natur", "neoplasms of uncertain or unknown behaviour"),
    "Keliakia": ("Keliakia", "celiaki", "coeliac disease"),
    "Keskushermostokalvojen ja aivohermojen hyvänlaatuiset kasvaimet": ("Keskushermostokalvojen ja aivohermojen hyvänlaatuiset kasvaimet", "benigna tumörer i hjärnhinnorna och hjärnnerverna", "benign neoplasms of meninges and cranial nerves"),
    "Keskushermoston ja ääreishermoston tulehdus/tulehdukselliset sairaudet": ("Keskushermoston ja ääreishermoston tulehdukselliset sairaudet", "inflammatoriska sjukdomar i centrala och perifera nervsystemet", "inflammatory diseases of the nervous system"),
    "Keuhkokudoksen sairaudet": ("Keuhkokudoksen sairaudet", "sjukdomar i lungvävnaden", "diseases of lung tissue"),
    "Keuhkokuume": ("Keuhkokuume", "lunginflammation", "pneumonia"),
    "Keuhkoveritulppa": ("Keuhkoveritulppa", "lungemboli", "pulmonary embolism"),
    "Kilpirauhasen ja muiden umpirauhasten pahanlaatuiset kasvaimet": ("Kilpirauhasen ja muiden umpirauhasten pahanlaatuiset kasvaimet", "maligna tumörer i sköldkörteln och andra endokrina körtlar", "malignant neoplasms of thyroid and other endocrine glands"),
    "Kilpirauhasen vajaatoiminta": ("Kilpirauhasen vajaatoiminta", "hypotyreos", "hypothyroidism"),
    "Kohdunkaulan dysplasia": ("Kohdunkaulan dysplasia", "cervixdysplasi", "cervical dysplasia"),
    "Korkeakoulutus": ("Korkeakoulutus", "högskoleutbildning", "higher education"),
    "Korvakirurgia": ("Korvakirurgia", "öronkirurgi", "ear surgery"),
    "Krooniset haavat": ("Krooniset haavat", "kroniska sår", "chronic wounds"),
    "Krooniset hankinnaiset ja perinnölliset anemiat, hyytymyshäiriöt, neutropenia": ("Krooniset hankinnaiset ja perinnölliset anemiat, hyytymyshäiriöt, neutropenia", "kroniska förvärvade och ärftliga anemier, koagulationsrubbningar, neutropeni", "chronic acquired and hereditary anaemias, coagulation disorders, neutropenia"),
    "Kuukautisvuotohäiriöt": ("Kuukautisvuotohäiriöt", "menstruationsrubbningar", "menstrual disorders"),
    "Laaja-alaiset kehityshäiriöt (”autismispektri”)": ("Laaja-alaiset kehityshäiriöt (autismikirjo)", "genomgripande utvecklingsstörningar (autismspektrum)", "pervasive developmental disorders (autism spectrum)"),
    "Laihuushäiriö": ("Laihuushäiriö", "anorexi", "anorexia nervosa"),
    "Leski": ("Leski", "änka eller änkling", "widowed"),
    "Lihavuus": ("Lihavuus", "fetma", "obesity"),
    "Lonkkamurtuma": ("Lonkkamurtuma", "höftfraktur", "hip fracture"),
    "Luukato": ("Luukato", "benskörhet", "osteoporosis"),
    "Luun ja nivelruston pahanlaatuiset kasvaimet": ("Luun ja nivelruston pahanlaatuiset kasvaimet", "maligna tumörer i ben och ledbrosk", "malignant neoplasms of bone and articular cartilage"),
    "Maksan tulehdussairaudet ja vajaatoiminta": ("Maksan tulehdussairaudet ja vajaatoiminta", "inflammatoriska leversjukdomar och leversvikt", "inflammatory liver disease and liver failure"),
    "Masennus- ja ahdistuneisuushäiriöt": ("Masennus- ja ahdistuneisuushäiriöt", "depression och ångeststörningar", "depression and anxiety disorders"),
    "Matka-aika erikoissairaanhoidon päivystykseen minuutteina": ("Matka-aika erikoissairaanhoidon päivystykseen minuutteina", "restid till den specialiserade sjukvårdens jour, minuter", "travel time to specialised emergency care, minutes"),
    "Matka-aika erikoissairaanhoidon päivystykseen minuutteina, 2. potenssi": ("Matka-aika erikoissairaanhoidon päivystykseen minuutteina, 2. potenssi", "restid till den specialiserade sjukvårdens jour, minuter, i kvadrat", "travel time to specialised emergency care, minutes, squared"),
    "Miehen sukupuolielinten pahanlaatuiset kasvaimet": ("Miehen sukupuolielinten pahanlaatuiset kasvaimet", "maligna tumörer i manliga könsorgan", "malignant neoplasms of male genital organs"),
    "Miehen sukupuolielinten sairaudet": ("Miehen sukupuolielinten sairaudet", "sjukdomar i manliga könsorgan", "diseases of male genital organs"),
    "Migreeni ja muut päänsärkysairaudet, muu krooninen kipu": ("Migreeni ja muut päänsärkysairaudet, muu krooninen kipu", "migrän och annan huvudvärk, annan kronisk smärta", "migraine and other headaches, other chronic pain"),
    "Muistisairaudet ja Alzheimerin tauti": ("Muistisairaudet ja Alzheimerin tauti", "minnessjukdomar och Alzheimers sjukdom", "dementias and Alzheimer's disease"),
    "Munuaissairaudet": ("Munuaissairaudet", "njursjukdomar", "kidney diseases"),
    "Munuaisten vajaatoiminta": ("Munuaisten vajaatoiminta", "njursvikt", "kidney failure"),
    "Muualla luokittelemattomat muut nivelsairaudet": ("Muualla luokittelemattomat muut nivelsairaudet", "andra ledsjukdomar som inte klassificeras annanstans", "other joint diseases not classified elsewhere"),
    "Muut pehmytkudoksen pahanlaatuiset kasvaimet": ("Muut pehmytkudoksen pahanlaatuiset kasvaimet", "andra maligna tumörer i mjukvävnad", "other malignant neoplasms of soft tissue"),
    "Määrittämätön mielenterveyden häiriö": ("Määrittämätön mielenterveyden häiriö", "ospecificerad psykisk störning", "unspecified mental disorder"),
    "Naimaton": ("Naimaton", "ogift", "unmarried"),
    "Nainen": ("Nainen", "kvinna", "woman"),
    "Naisen sukupuolielinten pahanlaatuiset kasvaimet": ("Naisen sukupuolielinten pahanlaatuiset kasvaimet", "maligna tumörer i kvinnliga könsorgan", "malignant neoplasms of female genital organs"),
    "Neuroimmunologiset sairaudet": ("Neuroimmunologiset sairaudet", "neuroimmunologiska sjukdomar", "neuroimmunological diseases"),
    "Neuromuskulaarisairaudet": ("Neuromuskulaarisairaudet", "neuromuskulära sjukdomar", "neuromuscular diseases"),
    "Nivelreuma": ("Nivelreuma", "ledgångsreumatism", "rheumatoid arthritis"),
    "Näkövammaisuus": ("Näkövammaisuus", "synskada", "visual impairment"),
    "Olkapään vaivat": ("Olkapään vaivat", "axelbesvär", "shoulder disorders"),
    "Opioidiriippuvuus": ("Opioidiriippuvuus", "opioidberoende", "opioid dependence"),
    "Opiskelija": ("Opiskelija", "studerande", "student"),
    "Oppimiskyvyn vaikeudet yhdistettynä muihin kuin laaja-alaisiin kehityshäiriöihin": ("Oppimiskyvyn vaikeudet yhdistettynä muihin kuin laaja-alaisiin kehityshäiriöihin", "inlärningssvårigheter i samband med andra än genomgripande utvecklingsstörningar", "learning difficulties with other than pervasive developmental disorders"),
    "Pahanlaatuiset kasvaimet, joiden sijaintipaikka on epäselvä, sekundaarinen tai m": ("Pahanlaatuiset kasvaimet, joiden sijaintipaikka on epäselvä, sekundaarinen tai määrittämätön", "maligna tumörer med oklar, sekundär eller ospecificerad lokalisation", "malignant neoplasms of unclear, secondary or unspecified site"),
    "Parkinson ja muut rappeuttavat liikehäiriösairaudet": ("Parkinsonin tauti ja muut rappeuttavat liikehäiriösairaudet", "Parkinsons sjukdom och andra degenerativa rörelsestörningar", "Parkinson's disease and other degenerative movement disorders"),
    "Persoonallisuushäiriöt": ("Persoonallisuushäiriöt", "personlighetsstörningar", "personality disorders"),
    "Pintasyövät": ("Pintasyövät", "ytliga cancrar", "superficial cancers"),
    "Polven sisäiset viat": ("Polven sisäiset viat", "inre knäskador", "internal derangement of the knee"),
    "Psoriaasi": ("Psoriaasi", "psoriasis", "psoriasis"),
    "Psykoosisairaudet ja kaksisuuntainen mielialahäiriö": ("Psykoosisairaudet ja kaksisuuntainen mielialahäiriö", "psykossjukdomar och bipolärt syndrom", "psychoses and bipolar disorder"),
    "Purentaelimen poikkeavuudet": ("Purentaelimen poikkeavuudet", "avvikelser i bettet", "anomalies of the bite"),
    "Päihde- ja riippuvuushäiriöt (pl. Opioidiriippuvuus)": ("Päihde- ja riippuvuushäiriöt (ei opioidiriippuvuus)", "missbruks- och beroendesyndrom (utom opioidberoende)", "substance use disorders (opioid dependence excepted)"),
    "Raajakipu": ("Raajakipu", "smärta i armar och ben", "limb pain"),
    "Refluksi ja ulcus": ("Refluksitauti ja mahahaava", "reflux och magsår", "reflux and ulcer"),
    "Rinta-aortan aneurysmat": ("Rinta-aortan aneurysmat", "aneurysm i bröstaortan", "thoracic aortic aneurysms"),
    "Rintasyöpä": ("Rintasyöpä", "bröstcancer", "breast cancer"),
    "Ruuansulatuselinten pahanlaatuiset kasvaimet": ("Ruuansulatuselinten pahanlaatuiset kasvaimet", "maligna tumörer i matsmältningsorganen", "malignant neoplasms of digestive organs"),
    "Ruusut": ("Ruusutulehdukset", "ros", "erysipelas"),
    "Sappirakon ja sappiteiden sairaudet": ("Sappirakon ja sappiteiden sairaudet", "sjukdomar i gallblåsan och gallvägarna", "diseases of gallbladder and bile ducts"),
    "Sekavuustilat ja elimelliset aivo-oireyhtymät": ("Sekavuustilat ja elimelliset aivo-oireyhtymät", "förvirringstillstånd och organiska hjärnsyndrom", "delirium and organic brain syndromes"),
    "Selkärangan sairaudet": ("Selkärangan sairaudet", "ryggradssjukdomar", "diseases of the spine"),
    "Sepelvaltimotauti": ("Sepelvaltimotauti", "kranskärlssjukdom", "coronary disease"),
    "Silmien lasiaissairaudet": ("Silmien lasiaissairaudet", "glaskroppssjukdomar", "vitreous diseases"),
    "Silmien rappeumataudit": ("Silmien rappeumataudit", "degenerativa ögonsjukdomar", "degenerative eye diseases"),
    "Silmien sarveiskalvosairaudet": ("Silmien sarveiskalvosairaudet", "hornhinnesjukdomar", "corneal diseases"),
    "Silmien taittovirheet": ("Silmien taittovirheet", "brytningsfel", "refractive errors"),
    "Silmien verkkokalvoirtaumat ja verisuonitukokset": ("Silmien verkkokalvoirtaumat ja verisuonitukokset", "näthinneavlossning och kärltilltäppningar i näthinnan", "retinal detachments and vascular occlusions"),
    "Silmän, keskushermoston ja aivohermojen pahanlaatuiset kasvaimet": ("Silmän, keskushermoston ja aivohermojen pahanlaatuiset kasvaimet", "maligna tumörer i ögat, centrala nervsystemet och hjärnnerverna", "malignant neoplasms of eye, central nervous system and cranial nerves"),
    "Struuma": ("Struuma", "struma", "goitre"),
    "Suun protetiikka": ("Suun protetiikka", "oral protetik", "dental prosthetics"),
    "Sydämen johtumishäiriöt": ("Sydämen johtumishäiriöt", "retledningsrubbningar i hjärtat", "cardiac conduction disorders"),
    "Sydämen läppäsairaudet": ("Sydämen läppäsairaudet", "hjärtklaffsjukdomar", "heart valve diseases"),
    "Sydämen vajaatoiminta": ("Sydämen vajaatoiminta", "hjärtsvikt", "heart failure"),
    "Synnytyksen ennenaikaisuus päivinä": ("Synnytyksen ennenaikaisuus päivinä", "för tidig förlossning, dagar", "days of prematurity at birth"),
    "Synnytyksen ennenaikaisuus päivinä, 2. potenssi": ("Synnytyksen ennenaikaisuus päivinä, 2. potenssi", "för tidig förlossning, dagar, i kvadrat", "days of prematurity at birth, squared"),
    "Synnytykset": ("Synnytykset", "förlossningar", "births"),
    "Syömishäiriöt (pl. Laihuushäiriö)": ("Syömishäiriöt (ei laihuushäiriö)", "ätstörningar (utom anorexi)", "eating disorders (anorexia excepted)"),
    "Tarkkaavaisuus- ja käytöshäiriöt": ("Tarkkaavaisuus- ja käytöshäiriöt", "uppmärksamhets- och beteendestörningar", "attention and conduct disorders"),
    "Taustamaa muu kuin Suomi": ("Taustamaa muu kuin Suomi", "annat bakgrundsland än Finland", "country of background other than Finland"),
    "Toinen aste korkein koulutus": ("Toinen aste korkeimpana koulutuksena", "utbildning på andra stadiet som högsta utbildning", "secondary education as the highest"),
    "Transsukupuolisuus tai muu syntymässä määriteltyä (juridista) sukupuolta vastaam": ("Transsukupuolisuus tai muu syntymässä määriteltyä sukupuolta vastaamaton sukupuoli", "transsexualism eller annan könsinkongruens", "transgender or another gender incongruence"),
    "Tuberkuloosi": ("Tuberkuloosi", "tuberkulos", "tuberculosis"),
    "Tupakoinnnin aiheuttamat haitat": ("Tupakoinnin aiheuttamat haitat", "skador av rökning", "harm from smoking"),
    "Työkyvytön, 1. ikäkvantiili": ("Työkyvytön, 1. ikäkvantiili", "arbetsoförmögen, 1:a ålderskvantilen", "unable to work, 1st age quantile"),
    "Työkyvytön, 2. ikäkvantiili": ("Työkyvytön, 2. ikäkvantiili", "arbetsoförmögen, 2:a ålderskvantilen", "unable to work, 2nd age quantile"),
    "Työkyvytön, 3. ikäkvantiili": ("Työkyvytön, 3. ikäkvantiili", "arbetsoförmögen, 3:e ålderskvantilen", "unable to work, 3rd age quantile"),
    "Työkyvytön, 4. ikäkvantiili": ("Työkyvytön, 4. ikäkvantiili", "arbetsoförmögen, 4:e ålderskvantilen", "unable to work, 4th age quantile"),
    "Työkyvytön, 5. ikäkvantiili": ("Työkyvytön, 5. ikäkvantiili", "arbetsoförmögen, 5:e ålderskvantilen", "unable to work, 5th age quantile"),
    "Työllinen": ("Työllinen", "sysselsatt", "employed"),
    "Uniapnea": ("Uniapnea", "sömnapné", "sleep apnoea"),
    "Unihäiriöt": ("Unihäiriöt", "sömnstörningar", "sleep disorders"),
    "Vakiotermi": ("Vakiotermi", "konstant", "constant"),
    "Vammat ja myrkytykset": ("Vammat ja myrkytykset", "skador och förgiftningar", "injuries and poisonings"),
    "Varpaiden hankinnaiset epämuotoisuudet": ("Varpaiden hankinnaiset epämuotoisuudet", "förvärvade missbildningar i tårna", "acquired deformities of toes"),
    "Varusmies": ("Varusmies", "beväring", "conscript"),
    "Veneeriset syylät": ("Veneeriset syylät", "veneriska vårtor", "venereal warts"),
    "Verenpainetauti": ("Verenpainetauti", "hypertoni", "hypertension"),
    "Virtsaelinten pahanlaatuiset kasvaimet": ("Virtsaelinten pahanlaatuiset kasvaimet", "maligna tumörer i urinorganen", "malignant neoplasms of urinary organs"),
    "Virtsakivet ja virtsaushäiriöt": ("Virtsakivet ja virtsaushäiriöt", "urinstenar och miktionsstörningar", "urinary stones and voiding disorders"),
    "WHO:n näkövammaluokitus, 1. aste": ("WHO:n näkövammaluokitus, 1. aste", "WHO:s klassificering av synskador, grad 1", "WHO's classes of visual impairment, degree 1"),
    "WHO:n näkövammaluokitus, 2. aste": ("WHO:n näkövammaluokitus, 2. aste", "WHO:s klassificering av synskador, grad 2", "WHO's classes of visual impairment, degree 2"),
    "WHO:n näkövammaluokitus, 3. aste": ("WHO:n näkövammaluokitus, 3. aste", "WHO:s klassificering av synskador, grad 3", "WHO's classes of visual impairment, degree 3"),
    "WHO:n näkövammaluokitus, 4. aste": ("WHO:n näkövammaluokitus, 4. aste", "WHO:s klassificering av synskador, grad 4", "WHO's classes of visual impairment, degree 4"),
    "WHO:n näkövammaluokitus, 5. aste": ("WHO:n näkövammaluokitus, 5. aste", "WHO:s klassificering av synskador, grad 5", "WHO's classes of visual impairment, degree 5"),
    "WHO:n näkövammaluokitus, 9. aste": ("WHO:n näkövammaluokitus, 9. aste", "WHO:s klassificering av synskador, grad 9", "WHO's classes of visual impairment, degree 9"),
    "Yhden aikuisen perhe": ("Yhden aikuisen perhe", "familj med en vuxen", "one-adult family"),
    "Yksinasuja, 75-84-vuotias": ("Yksinasuja, 75–84-vuotias", "ensamboende, 75–84 år", "living alone, aged 75–84"),
    "Yksinasuja, 85-89-vuotias": ("Yksinasuja, 85–89-vuotias", "ensamboende, 85–89 år", "living alone, aged 85–89"),
    "Yksinasuja, alle 75-vuotias": ("Yksinasuja, alle 75-vuotias", "ensamboende, under 75 år", "living alone, under 75"),
    "Yksinasuja, yli 89-vuotias": ("Yksinasuja, yli 89-vuotias", "ensamboende, över 89 år", "living alone, over 89"),
    "Älyllinen kehitysvammaisuus": ("Älyllinen kehitysvammaisuus", "intellektuell funktionsnedsättning", "intellectual disability"),
}  # fmt: skip
