"""Is it the images or the labels? A model's loss elsewhere, split into prevalence, image and label-rule shift."""
