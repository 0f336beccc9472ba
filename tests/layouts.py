"""Tables in the layouts of public collections. Every row is invented; columns and words are as published."""

from helpers import dicom_file, workbook
from releases import picture, pixels

HANNOVER = (
    "patient_id,image_id,sex,age,size,weight,admission_offset,modality,projection\n"
    "0a,11,m,,,,0,CR,ap\n0a,12,m,,,,3,DX,pa\n0b,13,f,,,,1,CR,ap\n"
)
ACTUALMED = (
    "patientid,offset,sex,age,finding,survival,view,modality,imagename,notes\n"
    "ANON1,,,,COVID-19,,PA,X-ray,CR.1.2.1.png,\nANON1,,,,No finding,,AP,X-ray,CR.1.2.2.png,\n"
    "ANON2,,,,,,PA,X-ray,DX.1.2.3.png,Inconclusive\nANON3,,,,todo,,PA,X-ray,DX.1.2.4.png,\n"
)
FIGURE1 = (
    "patientid,offset,sex,age,finding,survival,view,modality,originalfile,notes\n"
    "COVID-00001a,13,M,33,COVID-19,,AP erect,X-ray,a.jpeg,\nCOVID-00001b,,M,33,Pneumonia,,PA,X-ray,b.jpeg,\n"
    "COVID-00002,,F,50+,No finding,,AP supine,X-ray,c.jpeg,\nCOVID-00003,,,mid 50s,,,,X-ray,,\n"
)
COHEN = (
    "patientid,offset,sex,age,finding,survival,view,modality,date,folder,filename\n"
    "2,0,M,65,Pneumonia/Viral/COVID-19,Y,PA,X-ray,2020,images,a.jpeg\n"
    "2,3,M,65,Pneumonia/Viral/SARS,Y,AP Supine,X-ray,2020,images,b.png\n"
    "4,,F,,No Finding,,L,X-ray,2020,images,c.jpg\n5,,,70,Unknown,,AP,X-ray,2017,images,d.jpg\n"
)


def repeated(text, times, rename):
    """Return a table with its rows again and again, under other names of patients and images."""
    head, *rows = text.splitlines()
    again = [rename(row, number) if number else row for number in range(times) for row in rows]
    return "\n".join([head, *again]) + "\n"


def written(path, text):
    """Write a table, and return its cells."""
    path.write_text(text)
    return [row.split(",") for row in text.splitlines()[1:]]


def hannover(root, times=1):
    def other(row, k):
        patient, image, rest = row.split(",", 2)
        return f"{patient}{k},{image}{k:02d},{rest}"

    for row in written(root / "data.csv", repeated(HANNOVER, times, other)):
        picture(root / "png" / f"{row[1]}.png", int(row[1]))


def actualmed(root, times=1):
    def other(row, k):
        return row.replace("ANON", f"ANON{k:02d}").replace(".1.", f".1{k:02d}.")

    for seed, row in enumerate(written(root / "metadata.csv", repeated(ACTUALMED, times, other))):
        picture(root / "images" / row[8], seed)


def figure1(root, times=1):
    endings = (".jpg", ".png", ".JPG", ".png")
    rows = written(
        root / "metadata.csv", repeated(FIGURE1, times, lambda row, k: row.replace("COVID-0", f"COVID-{k}0"))
    )
    for seed, row in enumerate(rows):
        picture(root / "images" / f"{row[0]}{endings[seed % 4]}", seed)


def cohen(root, times=1):
    def other(row, k):
        return f"{k:02d}{row.replace('images,', f'images,{k}')}"

    for seed, row in enumerate(written(root / "metadata.csv", repeated(COHEN, times, other))):
        picture(root / "images" / row[10], seed)


COVIDX = (
    "419639-003251 MIDRC-RICORD-1C-1.png negative ricord\n12 gjz.jpeg positive cohen\n12 16663.jpg positive cohen\n"
)


def covidx(root):
    """A list of COVIDx: no header, blanks between its fields."""
    (root / "train.txt").write_text(COVIDX)
    for seed, row in enumerate(COVIDX.splitlines()):
        picture(root / "train" / row.split()[-3], seed)


def kermany_flat(root):
    for name in ("person1_bacteria_1.jpeg", "person1_bacteria_2.jpeg", "person3_virus_9.jpeg", "IM-0001-0001.jpeg"):
        picture(root / name, 1)


def kermany(root):
    """Pneumonia of children: a folder a split, in it a folder a class."""
    for split, number in (("train", 1), ("val", 2), ("test", 3)):
        picture(root / split / "NORMAL" / f"IM-000{number}-0001.jpeg", number)
        picture(root / split / "NORMAL" / f"NORMAL2-IM-100{number}-0001.jpeg", number + 3)
        picture(root / split / "PNEUMONIA" / f"person{number}_bacteria_{number}.jpeg", number + 6)
        picture(root / split / "PNEUMONIA" / f"person{number}_virus_{number + 9}.jpeg", number + 9)


def rsna(root, times=1):
    """The pneumonia challenge: a row a box, classes in a second table with as many rows, the rest in the headers."""
    labels = ["a-1,,,,,0", "b-2,264.0,152.0,213.0,379.0,1", "b-2,562.0,152.0,256.0,453.0,1", "c-3,,,,,0"]
    classes = ["a-1,No Lung Opacity / Not Normal", "b-2,Lung Opacity", "b-2,Lung Opacity", "c-3,Normal"]
    for name, head, rows in (
        ("stage_2_train_labels.csv", "patientId,x,y,width,height,Target", labels),
        ("stage_2_detailed_class_info.csv", "patientId,class", classes),
    ):
        (root / name).write_text(repeated("\n".join([head, *rows]), times, lambda row, k: f"{k}{row}"))
    names = [f"{k or ''}{name}" for k in range(times) for name in ("a-1", "b-2", "c-3")]
    for seed, name in enumerate(names):
        said = {"PatientID": name, "PatientSex": "F", "PatientAge": "51", "ViewPosition": "PA"}
        dicom_file(root / "stage_2_train_images" / f"{name}.dcm", pixels(seed), **said)


RADIOGRAPHY = {
    "COVID": "COVID",
    "Lung_Opacity": "Lung_Opacity",
    "Normal": "NORMAL",
    "Viral Pneumonia": "Viral Pneumonia",
}


def radiography(root, times=1):
    """COVID-19 Radiography Database: a workbook a class, names in other capital letters there, masks beside images."""
    for seed, (folder, name) in enumerate(RADIOGRAPHY.items()):
        numbers = range(1, 2 * times + 1)
        rows = [[f"{name}-{number}", "PNG", "256*256", "https://example.org"] for number in numbers]
        workbook(root / f"{folder}.metadata.xlsx", Sheet1=[["FILE NAME", "FORMAT", "SIZE", "URL"], *rows])
        for number in numbers:
            picture(root / folder / "images" / f"{folder}-{number}.png", 2 * times * seed + number)
            picture(root / folder / "masks" / f"{folder}-{number}.png", 0)


def archive(root):
    """What an archive sends: files without endings, of studies that a table has labels of, by accession number."""
    (root / "labels.csv").write_text("Accession;Finding\nA001;Effusion\nA002;none\nA003;none\n")
    for number, (study, patient) in enumerate([("A001", "p"), ("A001", "p"), ("A002", "q"), ("A009", "r")]):
        said = {"AccessionNumber": study, "StudyInstanceUID": f"1.2.{study[1:].strip('0')}", "PatientID": patient}
        said |= {"PatientSex": "M", "PatientAge": "040Y", "ViewPosition": "AP"}
        dicom_file(root / "export" / study / f"IM{number}", pixels(number), **said)
