package salesforce

// AppName is the developer name of the External Client App and of the permission set.
const AppName = "Crosswalk"

// MarkerFile is where the files of AppFiles define an object's marker field.
func MarkerFile(object string) string {
	home := object
	if object == "Task" || object == "Event" { // custom fields of both live on Activity
		home = "Activity"
	}
	return "force-app/main/default/objects/" + home + "/fields/" + MarkerField + ".field-meta.xml"
}
