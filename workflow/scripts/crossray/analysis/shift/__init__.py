"""Is it the images or the labels? A model's drop, split into prevalence, image and label-rule shift."""
