"""How an archive is reached: by DICOMweb (PS3.18) or by associations (PS3.7), with credentials, at a polite pace.

Programs find these modules by the name of the reader, so that no result follows their code: objects are what they are,
whichever way they came.
"""
