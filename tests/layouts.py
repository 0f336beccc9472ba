"""Tables in the layouts of public collections. Every row is invented; columns and words are as published."""

from releases import picture

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


def hannover(root):
    (root / "data.csv").write_text(HANNOVER)
    for name in ("11", "12", "13"):
        picture(root / "png" / f"{name}.png", int(name))


def actualmed(root):
    (root / "metadata.csv").write_text(ACTUALMED)
    for name in ("CR.1.2.1", "CR.1.2.2", "DX.1.2.3", "DX.1.2.4"):
        picture(root / "images" / f"{name}.png", 1)


def figure1(root):
    (root / "metadata.csv").write_text(FIGURE1)
    for name in ("COVID-00001a.jpg", "COVID-00001b.png", "COVID-00002.JPG", "COVID-00003.png"):
        picture(root / "images" / name, 1)


def cohen(root):
    (root / "metadata.csv").write_text(COHEN)
    for name in ("a.jpeg", "b.png", "c.jpg", "d.jpg"):
        picture(root / "images" / name, 1)


def kermany_flat(root):
    for name in ("person1_bacteria_1.jpeg", "person1_bacteria_2.jpeg", "person3_virus_9.jpeg", "IM-0001-0001.jpeg"):
        picture(root / name, 1)
